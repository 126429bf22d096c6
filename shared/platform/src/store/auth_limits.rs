//! How often what guards accounts was asked for lately, while Redis is away: the algorithm of `gate.lua` in one statement.

use sha2::{Digest as _, Sha256};
use sqlx::PgExecutor;

use super::{pool::Db, statement::Statement};
use crate::{cache::rate::Limit, error::ApiError};

/// $1 the subject, $2 now, $3 what a request costs, $4 the longest that a subject may be ahead; all in microseconds. A
/// concurrent first request may leave nothing to be seen: it was refused, and how long for is not known.
pub(super) const COUNT: Statement = Statement::write(
    "auth-limit-count",
    "WITH counted AS (
            INSERT INTO auth_limits AS l (subject, tat_us) VALUES ($1, $2 + $3)
            ON CONFLICT (subject) DO UPDATE SET tat_us = least(greatest(l.tat_us, $2), $2 + $4) + $3
            WHERE least(greatest(l.tat_us, $2), $2 + $4) + $3 <= $2 + $4
            RETURNING tat_us
         )
         SELECT true AS allowed, tat_us FROM counted
         UNION ALL
         SELECT false, least(tat_us, $2 + $4) FROM auth_limits
         WHERE subject = $1 AND NOT EXISTS (SELECT FROM counted)",
);

pub(super) const GIVE_BACK: Statement = Statement::write(
    "auth-limit-give-back",
    "UPDATE auth_limits SET tat_us = greatest(tat_us - $3, $2) WHERE subject = $1",
);

/// What was decided.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    allowed: bool,
    tat_us: i64,
}

/// What was decided, and the theoretical arrival time after it.
pub(crate) struct Counted {
    pub(crate) allowed: bool,
    pub(crate) tat_us: u64,
}

/// Counts one request of the subject behind `key`.
pub(crate) async fn count(db: &Db, key: &str, limit: Limit, now_us: u64) -> Result<Counted, ApiError> {
    let window_us = limit.interval_us.saturating_mul(limit.burst);
    let row: Option<Row> = sqlx::query_as(COUNT.sql)
        .bind(subject(key))
        .bind(int8(now_us))
        .bind(int8(limit.interval_us))
        .bind(int8(window_us))
        .fetch_optional(db)
        .await?;
    Ok(match row {
        Some(Row { allowed, tat_us }) => Counted { allowed, tat_us: u64::try_from(tat_us).unwrap_or_default() },
        None => Counted { allowed: false, tat_us: now_us + window_us },
    })
}

/// Takes back one request of the subject behind `key`.
pub(crate) async fn give_back(db: &Db, key: &str, limit: Limit, now_us: u64) -> Result<(), ApiError> {
    sqlx::query(GIVE_BACK.sql).bind(subject(key)).bind(int8(now_us)).bind(int8(limit.interval_us)).execute(db).await?;
    Ok(())
}

/// Forgets subjects that have been quiet for so long that nothing is held against them, at most `batch` of them; says how
/// many.
///
/// # Errors
/// When Postgres does not answer.
pub(crate) async fn purge(db: impl PgExecutor<'_>, now_us: i64, batch: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM auth_limits l USING (
            SELECT subject FROM auth_limits WHERE tat_us < $1 ORDER BY tat_us LIMIT $2 FOR UPDATE SKIP LOCKED
         ) old
         WHERE l.subject = old.subject",
    )
    .bind(now_us)
    .bind(batch)
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

/// The key's hash: of one length, and no address is in it.
fn subject(key: &str) -> Vec<u8> {
    Sha256::digest(key).to_vec()
}

/// Microseconds since 1970 pass the end of an int8 in the year 294246.
fn int8(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
