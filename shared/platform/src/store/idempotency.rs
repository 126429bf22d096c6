//! Answers that were given before. The statement that makes an effect also stores its answer; this is where a repeated
//! request finds it.

use chrono::{DateTime, Utc};
use engine::Locale;
use http::StatusCode;
use sqlx::PgExecutor;

use super::statement::Statement;
use crate::{
    ctx::Cx,
    error::{ApiError, Code},
    http::{
        envelope::{Answer, Reply},
        idem::Idem,
    },
    text::Text,
};

pub(super) const FIRST_ANSWER: Statement = Statement::read(
    "first-answer",
    "SELECT request_hash, status, body, etag, locale FROM idempotency_keys
         WHERE user_id = $1 AND route = $2 AND key = $3",
);

/// A stored answer as the statements return it.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Stored {
    pub(super) request_hash: Vec<u8>,
    pub(super) status: i16,
    pub(super) body: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) locale: Option<String>,
}

impl Stored {
    /// The answer again, if the request is the same one.
    pub(crate) fn replay<T: ?Sized>(self, idem: &Idem) -> Reply<T> {
        if self.request_hash != idem.request_hash {
            let text = Text::new(
                "This Idempotency-Key was used for another request; use a new key.",
                "该 Idempotency-Key 已用于另一请求，请换一个。",
            );
            return Err(ApiError::new(Code::ValidationFailed, text).reason("KEY_REUSED"));
        }
        metrics::counter!("idempotent_replays_total", "route" => idem.route).increment(1);
        let status = u16::try_from(self.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.ok_or_else(|| ApiError::internal("a stored answer has no valid status"))?;
        let locale =
            self.locale.as_deref().and_then(|tag| [Locale::ZhCn, Locale::En].into_iter().find(|l| l.as_str() == tag));
        Ok(Answer::again(status, self.body, self.etag, locale))
    }
}

/// The first answer to this request, if there was one.
///
/// # Errors
/// 422 KEY_REUSED when the key was used for another request; 503 without Postgres.
pub async fn find<T: ?Sized>(cx: &Cx, idem: &Idem) -> Result<Option<Answer<T>>, ApiError> {
    let Some(key) = &idem.key else { return Ok(None) };
    let stored: Option<Stored> =
        sqlx::query_as(FIRST_ANSWER.sql).bind(idem.user).bind(idem.route).bind(key).fetch_optional(cx.db()).await?;
    let Some(stored) = stored else { return Ok(None) };
    cx.gate.repeat(cx).await?;
    stored.replay(idem).map(Some)
}

/// For a request that cannot be done now: the first answer if it was done before, else the refusal.
///
/// # Errors
/// The refusal, or as [`find`].
pub async fn first_answer_or<T: ?Sized>(cx: &Cx, idem: &Idem, refusal: impl Into<ApiError>) -> Reply<T> {
    find(cx, idem).await?.ok_or_else(|| refusal.into())
}

/// Forgets the answers given before `before`, at most `batch` of them; says how many. Rows that another run is just
/// deleting are left to it.
///
/// # Errors
/// When Postgres does not answer.
pub async fn purge(db: impl PgExecutor<'_>, before: DateTime<Utc>, batch: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM idempotency_keys k USING (
            SELECT user_id, route, key FROM idempotency_keys
            WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
         ) old
         WHERE (k.user_id, k.route, k.key) = (old.user_id, old.route, old.key)",
    )
    .bind(before)
    .bind(batch)
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

/// The parts of an answer that a statement stores with its effect.
pub(crate) struct ToStore<'a> {
    pub(crate) key: Option<&'a str>,
    pub(crate) request_hash: &'a [u8],
    pub(crate) status: i16,
    pub(crate) body: &'a [u8],
    pub(crate) etag: Option<&'a str>,
    pub(crate) locale: Option<&'static str>,
}

impl<'a> ToStore<'a> {
    pub(crate) fn of<T: ?Sized>(idem: &'a Idem, answer: &'a Answer<T>) -> Self {
        Self {
            key: idem.key.as_deref(),
            request_hash: &idem.request_hash,
            status: i16::try_from(answer.status.as_u16()).unwrap_or(i16::MAX),
            body: &answer.body,
            etag: answer.etag.as_deref(),
            locale: answer.locale.map(Locale::as_str),
        }
    }
}
