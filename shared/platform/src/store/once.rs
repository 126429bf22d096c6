//! The shape of every statement that changes a life: exactly once.
//!
//! `prior` finds the answer of an earlier, same request; the effect happens only where there is none; the key is
//! inserted with the effect and without ON CONFLICT, so that of two at once the second waits and then aborts whole.
//! Parameters $1 to $9 are the same in all of them; a statement's own begin at $10.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, postgres::PgArguments, query::Query};

use super::idempotency::{Stored, ToStore};
use crate::{
    ctx::Cx,
    error::ApiError,
    http::{envelope::Answer, idem::Idem},
};

/// Begins a statement: the CTE `prior`.
macro_rules! prior {
    () => {
        "WITH prior AS (
            SELECT request_hash, status, body, etag, locale FROM idempotency_keys
            WHERE user_id = $1 AND route = $2 AND key = $3
         ), "
    };
}

/// Ends a statement whose effect is the CTE `$effect`, and whose CTE `roster` raises the version of the player's list of
/// characters: stores key and answer, and tells what happened.
macro_rules! and_key {
    ($effect:literal) => {
        concat!(
            ", stored AS (
                INSERT INTO idempotency_keys
                    (user_id, route, key, request_hash, status, body, etag, locale, created_at)
                SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM ",
            $effect,
            " WHERE $3::text IS NOT NULL
            )
            SELECT (SELECT count(*) FROM ",
            $effect,
            ") = 1 AS applied, (SELECT roster_version FROM roster) AS roster_version,
                p.request_hash, p.status, p.body, p.etag, p.locale
            FROM (SELECT 1) one LEFT JOIN prior p ON true"
        )
    };
}

pub(super) use {and_key, prior};

/// What such a statement says.
#[derive(sqlx::FromRow)]
struct Row {
    applied: bool,
    roster_version: Option<i64>,
    request_hash: Option<Vec<u8>>,
    status: Option<i16>,
    body: Option<Vec<u8>>,
    etag: Option<String>,
    locale: Option<String>,
}

/// What became of the request.
pub(super) enum Done {
    /// The effect happened now.
    Applied {
        /// Of the player's list of characters.
        roster_version: i64,
    },
    /// It had happened before; this was the answer.
    Replayed(Stored),
    /// Nothing happened: the row was not as expected, or another request with this key came first.
    Refused,
}

/// A statement with $1 to $9 bound.
pub(super) fn statement<'q, T: ?Sized>(
    sql: &'static str,
    idem: &'q Idem,
    answer: &'q Answer<T>,
    now: DateTime<Utc>,
) -> Query<'q, Postgres, PgArguments> {
    let to_store = ToStore::of(idem, answer);
    sqlx::query(sql)
        .bind(idem.user)
        .bind(idem.route)
        .bind(to_store.key)
        .bind(to_store.request_hash)
        .bind(to_store.status)
        .bind(to_store.body)
        .bind(to_store.etag)
        .bind(to_store.locale)
        .bind(now)
}

/// Runs the statement under the request's fences. When it changed nothing, they guard nothing any more; when nobody
/// knows what it did (the connection broke), only their deadline takes them away.
///
/// # Errors
/// 401 when the account is gone, 503 without Postgres.
pub(super) async fn run(cx: &Cx, query: Query<'_, Postgres, PgArguments>) -> Result<Done, ApiError> {
    use sqlx::FromRow;
    cx.gate.begin_commit(cx).await?;
    let row = match query.fetch_one(cx.db()).await {
        Ok(row) => Row::from_row(&row)?,
        Err(error) => {
            if !may_have_committed(&error) {
                cx.gate.did_not_commit();
            }
            if error.as_database_error().and_then(|error| error.constraint()) == Some("idempotency_keys_pkey") {
                return Ok(Done::Refused);
            }
            return Err(error.into());
        }
    };
    if let (true, Some(roster_version)) = (row.applied, row.roster_version) {
        return Ok(Done::Applied { roster_version });
    }
    cx.gate.did_not_commit();
    Ok(match (row.request_hash, row.status, row.body) {
        (Some(request_hash), Some(status), Some(body)) => {
            cx.gate.repeat(cx).await?;
            Done::Replayed(Stored { request_hash, status, body, etag: row.etag, locale: row.locale })
        }
        _ => Done::Refused,
    })
}

/// Whether the statement may have been done, or still be done, although all that came back is this: unless the server says
/// that it is refused, or no connection could be had.
pub(super) fn may_have_committed(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => false,
        // 08: the connection; 57P: the server is being stopped or has crashed.
        sqlx::Error::Database(error) => {
            error.code().is_none_or(|code| code.starts_with("08") || code.starts_with("57P"))
        }
        _ => true,
    }
}
