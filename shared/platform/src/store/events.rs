//! What happened in a life, page by page.

use engine::{EventRecord, EventType};
use sqlx::types::Json;

use super::{lives::Standing, pool::Db, statement::Statement};
use crate::error::ApiError;

// A life's own times let Postgres leave out the partitions it cannot be in.
pub(super) const ASCENDING: Statement = Statement::read("events-ascending", "SELECT record FROM events
         WHERE character_id = $1 AND created_at BETWEEN $2 AND $3
           AND ($4::int2 IS NULL OR age = $4) AND ($5::text IS NULL OR event_type = $5) AND ($6::int4 IS NULL OR seq > $6)
         ORDER BY seq LIMIT $7");
pub(super) const DESCENDING: Statement = Statement::read("events-descending", "SELECT record FROM events
         WHERE character_id = $1 AND created_at BETWEEN $2 AND $3
           AND ($4::int2 IS NULL OR age = $4) AND ($5::text IS NULL OR event_type = $5) AND ($6::int4 IS NULL OR seq < $6)
         ORDER BY seq DESC LIMIT $7");

pub(super) const NUMBERED: Statement = Statement::read(
    "event",
    "SELECT record FROM events WHERE character_id = $1 AND created_at BETWEEN $2 AND $3 AND seq = $4",
);

/// Which events, in which order.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Only those of this age.
    pub age: Option<i16>,
    /// Only those of this type.
    pub event_type: Option<EventType>,
    /// Oldest first instead of newest first.
    pub ascending: bool,
    /// Go on after this event.
    pub after_seq: Option<i32>,
    /// How many, at most 100.
    pub limit: i64,
}

impl Wanted {
    /// All of it in one number, different for each: by this a rendered page is found again.
    pub fn packed(&self) -> u64 {
        let kind = self.event_type.map_or(0, |kind| kind as u64 + 1);
        let age = self.age.map_or(0, |age| u64::from(age.unsigned_abs()) + 1);
        let after = self.after_seq.map_or(0, |seq| u64::from(seq.unsigned_abs()));
        let limit = self.limit.unsigned_abs();
        after << 32 | age << 16 | limit << 8 | kind << 1 | u64::from(self.ascending)
    }
}

/// One page: at most `limit` + 1, so that the caller sees whether more follow.
///
/// # Errors
/// 503 without Postgres.
pub async fn page(db: &Db, life: &Standing, wanted: &Wanted) -> Result<Vec<EventRecord>, ApiError> {
    let statement = if wanted.ascending { ASCENDING } else { DESCENDING };
    let records: Vec<Json<EventRecord>> = sqlx::query_scalar(statement.sql)
        .bind(life.character_id)
        .bind(life.created_at)
        .bind(life.updated_at)
        .bind(wanted.age)
        .bind(wanted.event_type.map(EventType::as_str))
        .bind(wanted.after_seq)
        .bind(wanted.limit + 1)
        .fetch_all(db)
        .await?;
    Ok(records.into_iter().map(|Json(record)| record).collect())
}

/// The event of that number, if it is over.
///
/// # Errors
/// 503 without Postgres.
pub async fn numbered(db: &Db, life: &Standing, event_seq: u32) -> Result<Option<EventRecord>, ApiError> {
    let Ok(seq) = i32::try_from(event_seq) else { return Ok(None) };
    let record: Option<Json<EventRecord>> = sqlx::query_scalar(NUMBERED.sql)
        .bind(life.character_id)
        .bind(life.created_at)
        .bind(life.updated_at)
        .bind(seq)
        .fetch_optional(db)
        .await?;
    Ok(record.map(|Json(record)| record))
}
