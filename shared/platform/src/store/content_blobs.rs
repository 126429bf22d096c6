//! The content of earlier releases, by hash: what a life needs to be replayed after the content has changed.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use engine::{Blobs, Content, ContentHash, Locale, LogEntry, RULES_VERSION};
use sqlx::PgExecutor;

use super::{pool::Db, statement::Statement};
use crate::{
    ctx::{Ctx, Cx},
    error::ApiError,
};

pub(super) const LOAD: Statement =
    Statement::read("content-blob", "SELECT rules, locales, texts FROM content_blobs WHERE content_hash = $1");

/// Stored content that cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum ContentBlobError {
    /// Postgres did not answer, or not well.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The bytes are not those the hash names.
    #[error("the stored content {0} has been altered")]
    Altered(ContentHash),
    /// Written by a release whose model or languages this one does not read.
    #[error("the stored content {0} cannot be read by this release: {1}")]
    Unreadable(ContentHash, String),
}

/// Stores this release's content under its hash; `false` if it was there.
///
/// # Errors
/// When Postgres does not answer.
pub async fn store_builtin(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let blobs = Content::builtin_blobs();
    let stored = sqlx::query(
        "INSERT INTO content_blobs (content_hash, rules_version, rules, locales, texts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (content_hash) DO NOTHING",
    )
    .bind(blobs.hash().0.as_slice())
    .bind(i32::try_from(RULES_VERSION).unwrap_or(i32::MAX))
    .bind(blobs.rules)
    .bind(languages())
    .bind(blobs.texts.as_slice())
    .bind(now)
    .execute(db)
    .await?;
    Ok(stored.rows_affected() == 1)
}

/// The content of this hash, if it was stored; its bytes are verified against the hash.
///
/// # Errors
/// When the bytes are not what they were, or not readable by this release, or Postgres does not answer.
pub async fn load(db: impl PgExecutor<'_>, hash: ContentHash) -> Result<Option<Arc<Content>>, ContentBlobError> {
    type Row = (Vec<u8>, Vec<String>, Vec<Vec<u8>>);
    let row: Option<Row> = sqlx::query_as(LOAD.sql).bind(hash.0.as_slice()).fetch_optional(db).await?;
    let Some((rules, locales, texts)) = row else { return Ok(None) };
    let unreadable = |why: String| ContentBlobError::Unreadable(hash, why);
    if locales != languages() {
        return Err(unreadable(format!("its languages are {}", locales.join(", "))));
    }
    let texts = texts.iter().map(Vec::as_slice).collect::<Vec<_>>();
    let texts = texts.try_into().map_err(|_| unreadable("a text is missing".to_owned()))?;
    let blobs = Blobs { rules: &rules, texts };
    if blobs.hash() != hash {
        return Err(ContentBlobError::Altered(hash));
    }
    Content::from_blobs(blobs).map(Arc::new).map(Some).map_err(|error| unreadable(error.to_string()))
}

/// The contents that a log was lived under, as far as this release has them.
#[derive(Debug)]
pub struct Contents(Vec<Arc<Content>>);

impl Contents {
    /// The content of this hash.
    pub fn of(&self, hash: ContentHash) -> Option<&Content> {
        let builtin = Content::builtin();
        if hash == builtin.hash() {
            return Some(builtin);
        }
        self.0.iter().find(|content| content.hash() == hash).map(|content| &**content)
    }
}

/// Stored contents that this process has decoded, the one used last in front. Few: each takes some megabytes, and most
/// lives were lived under one or two.
#[derive(Default)]
struct Decoded(Mutex<Vec<Arc<Content>>>);

/// How many of them are kept.
const KEPT: usize = 4;

impl Decoded {
    fn get(&self, hash: ContentHash) -> Option<Arc<Content>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|content| content.hash() == hash)?;
        kept[..=place].rotate_right(1);
        kept.first().cloned()
    }

    fn put(&self, content: &Arc<Content>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(0, Arc::clone(content));
        kept.truncate(KEPT);
    }
}

/// The contents `log` was lived under. What was never stored, or cannot be read any more, is left out and told in the log.
///
/// # Errors
/// 503 without Postgres.
pub async fn contents_of(cx: &Cx, log: &[LogEntry]) -> Result<Contents, ApiError> {
    contents(cx, cx.db(), log).await
}

/// As [`contents_of`], also outside a request.
pub(crate) async fn contents(ctx: &Ctx, db: &Db, log: &[LogEntry]) -> Result<Contents, ApiError> {
    let decoded = ctx.keep(|_| Decoded::default());
    let mut contents: Vec<Arc<Content>> = Vec::new();
    let mut asked = vec![Content::builtin().hash()];
    for entry in log.iter().filter(|entry| entry.rules_version == RULES_VERSION) {
        let hash = entry.content_hash;
        if asked.contains(&hash) {
            continue;
        }
        asked.push(hash);
        if let Some(kept) = decoded.get(hash) {
            contents.push(kept);
            continue;
        }
        match load(db, hash).await {
            Ok(Some(content)) => {
                decoded.put(&content);
                contents.push(content);
            }
            Ok(None) => tracing::warn!(content_hash = %hash, "a life was lived under content that was never stored"),
            Err(ContentBlobError::Database(error)) => return Err(error.into()),
            Err(error) => tracing::warn!(content_hash = %hash, error = %error, "stored content cannot be used"),
        }
    }
    Ok(Contents(contents))
}

/// The languages of a release, in the order of its texts.
fn languages() -> Vec<&'static str> {
    Locale::ALL.iter().map(|locale| locale.as_str()).collect()
}
