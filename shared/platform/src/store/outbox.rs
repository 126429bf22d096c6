//! What others are to be told of. Producers write it in the statement that makes it true ([`tell`]); one run of the
//! deliverer claims rows for a while, and settles what became of them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, types::Json};
use uuid::Uuid;

use super::{pool::Db, statement::Statement};
use crate::outbox::Event;

/// A CTE that writes events where `$effect` has a row. Their ids, topics and payloads are three arrays, empty where nobody
/// is to be told; `$now` is when it happened.
macro_rules! tell {
    ($effect:literal, $now:literal, $ids:literal, $topics:literal, $payloads:literal) => {
        concat!(
            "told AS (
            INSERT INTO outbox (event_id, topic, payload, created_at, available_at)
            SELECT o.event_id, o.topic, o.payload, ",
            $now,
            ", ",
            $now,
            " FROM ",
            $effect,
            ", UNNEST(",
            $ids,
            "::uuid[], ",
            $topics,
            "::text[], ",
            $payloads,
            "::jsonb[]) AS o (event_id, topic, payload)
         )"
        )
    };
}

pub(super) use tell;

pub(super) const STANDS: Statement = Statement::read(
    "outbox-stands",
    "SELECT (SELECT count(*) FROM (
                SELECT FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL LIMIT $1) w) AS waiting,
            (SELECT min(created_at) FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL) AS oldest,
            (SELECT count(*) FROM (SELECT FROM outbox WHERE dead_at IS NOT NULL LIMIT $1) d) AS dead",
);

/// How many are counted; there are so many, or more.
const COUNTED: i64 = 10_000;

/// How the outbox stands.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Standing {
    /// Events not delivered and not given up, up to 10,000.
    pub waiting: i64,
    /// When the oldest of them happened.
    pub oldest: Option<DateTime<Utc>>,
    /// Events given up, up to 10,000.
    pub dead: i64,
}

/// How the outbox stands.
///
/// # Errors
/// When Postgres does not answer.
pub async fn stands(db: &Db) -> Result<Standing, sqlx::Error> {
    sqlx::query_as(STANDS.sql).bind(COUNTED).fetch_one(db).await
}

/// An event that one run has claimed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Claimed {
    /// The same at every delivery.
    pub event_id: Uuid,
    /// What kind of event.
    pub topic: String,
    /// What happened to whom.
    pub payload: Value,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// Which attempt this is, from 1.
    pub attempts: i16,
}

/// Claims up to `at_most` events that are due, the longest due first, until `until`: by then they are delivered, or somebody
/// else's. Two runs never claim the same one at once.
///
/// # Errors
/// When Postgres does not answer.
pub async fn claim(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    at_most: i64,
) -> Result<Vec<Claimed>, sqlx::Error> {
    sqlx::query_as(
        "WITH due AS (
            SELECT event_id FROM outbox
            WHERE delivered_at IS NULL AND dead_at IS NULL AND available_at <= $1
            ORDER BY available_at LIMIT $3 FOR UPDATE SKIP LOCKED
         )
         UPDATE outbox o SET attempts = attempts + 1, available_at = $2
         FROM due WHERE o.event_id = due.event_id
         RETURNING o.event_id, o.topic, o.payload, o.created_at, o.attempts",
    )
    .bind(now)
    .bind(until)
    .bind(at_most)
    .fetch_all(db)
    .await
}

/// Writes down that these were delivered, whoever has claimed them meanwhile.
///
/// # Errors
/// When Postgres does not answer; then they are delivered again.
pub async fn delivered(db: &mut PgConnection, ids: &[Uuid], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET delivered_at = $2, dead_at = NULL, last_error = NULL
         WHERE event_id = ANY($1) AND delivered_at IS NULL",
    )
    .bind(ids)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// An attempt that failed.
#[derive(Debug)]
pub struct Failed {
    /// Of which event.
    pub event_id: Uuid,
    /// Which attempt it was.
    pub attempts: i16,
    /// Why.
    pub error: String,
    /// When to try again; never, without one.
    pub again_at: Option<DateTime<Utc>>,
}

/// Writes down what failed, where nobody has tried again since. How many were given up.
///
/// # Errors
/// When Postgres does not answer; then they are tried again when their claims have run out.
pub async fn failed(db: &mut PgConnection, all: &[Failed], now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let ids: Vec<_> = all.iter().map(|failed| failed.event_id).collect();
    let attempts: Vec<_> = all.iter().map(|failed| failed.attempts).collect();
    let errors: Vec<_> = all.iter().map(|failed| failed.error.as_str()).collect();
    let again: Vec<_> = all.iter().map(|failed| failed.again_at).collect();
    let given_up: i64 = sqlx::query_scalar(
        "WITH settled AS (
            UPDATE outbox o
            SET last_error = f.error, available_at = coalesce(f.again_at, o.available_at),
                dead_at = CASE WHEN f.again_at IS NULL THEN $5 END
            FROM UNNEST($1::uuid[], $2::int2[], $3::text[], $4::timestamptz[]) AS f (event_id, attempts, error, again_at)
            WHERE o.event_id = f.event_id AND o.attempts = f.attempts AND o.delivered_at IS NULL AND o.dead_at IS NULL
            RETURNING o.dead_at
         )
         SELECT count(dead_at) FROM settled",
    )
    .bind(ids)
    .bind(attempts)
    .bind(errors)
    .bind(again)
    .bind(now)
    .fetch_one(db)
    .await?;
    Ok(u64::try_from(given_up).unwrap_or_default())
}

/// Deletes at most `batch` events that were delivered before `delivered` or given up before `dead`; says how many. Rows that
/// another run is just deleting are left to it.
///
/// # Errors
/// When Postgres does not answer.
pub async fn purge(
    db: impl PgExecutor<'_>,
    delivered: DateTime<Utc>,
    dead: DateTime<Utc>,
    batch: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "WITH told AS (
            SELECT event_id FROM outbox WHERE delivered_at < $1 ORDER BY delivered_at LIMIT $3 FOR UPDATE SKIP LOCKED
         ), given_up AS (
            SELECT event_id FROM outbox WHERE dead_at < $2 ORDER BY dead_at LIMIT $3 FOR UPDATE SKIP LOCKED
         )
         DELETE FROM outbox o USING (SELECT event_id FROM told UNION ALL SELECT event_id FROM given_up) old
         WHERE o.event_id = old.event_id",
    )
    .bind(delivered)
    .bind(dead)
    .bind(batch)
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

/// The three arrays that [`tell`] wants.
pub(super) fn columns(events: &[Event]) -> (Vec<Uuid>, Vec<&'static str>, Vec<Json<&Value>>) {
    let ids = events.iter().map(|event| event.id).collect();
    let topics = events.iter().map(|event| event.topic.as_str()).collect();
    (ids, topics, events.iter().map(|event| Json(&event.payload)).collect())
}
