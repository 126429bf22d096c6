//! What a player decided, page by page, with what came of it later.

use engine::EventRecord;
use serde::Deserialize;
use sqlx::types::Json;

use super::{lives::Standing, pool::Db, statement::Statement};
use crate::error::ApiError;

macro_rules! page {
    ($beyond:literal, $order:literal) => {
        concat!(
            "SELECT asked.record, (
                SELECT jsonb_agg(later.record ORDER BY later.seq) FROM events later
                WHERE later.character_id = $1 AND later.created_at BETWEEN $2 AND $3
                  AND (later.record->>'caused_by_seq')::int4 = asked.seq
             ) AS caused
             FROM decisions d
             JOIN events asked ON asked.character_id = $1 AND asked.created_at BETWEEN $2 AND $3 AND asked.seq = d.event_seq
             WHERE d.character_id = $1 AND ($4::int4 IS NULL OR d.decision_id ",
            $beyond,
            " $4)
             ORDER BY d.decision_id ",
            $order,
            " LIMIT $5"
        )
    };
}

pub(super) const ASCENDING: Statement = Statement::read("decisions-ascending", page!(">", "ASC"));
pub(super) const DESCENDING: Statement = Statement::read("decisions-descending", page!("<", "DESC"));

/// A decision taken.
#[derive(Debug, Clone, Deserialize)]
pub struct Decided {
    /// The event that asked, with the answer, the odds, the roll and what changed.
    pub asked: EventRecord,
    /// The events that followed from it, oldest first.
    pub caused: Vec<EventRecord>,
}

/// Which decisions, in which order.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Oldest first instead of newest first.
    pub ascending: bool,
    /// Go on after this decision.
    pub after: Option<i32>,
    /// How many, at most 100.
    pub limit: i64,
}

impl Wanted {
    /// All of it in one number, different for each: by this a rendered page is found again.
    pub fn packed(&self) -> u64 {
        let after = self.after.map_or(0, |id| u64::from(id.unsigned_abs()));
        after << 32 | self.limit.unsigned_abs() << 1 | u64::from(self.ascending)
    }
}

/// One page: at most `limit` + 1, so that the caller sees whether more follow.
///
/// # Errors
/// 503 without Postgres.
pub async fn page(db: &Db, life: &Standing, wanted: &Wanted) -> Result<Vec<Decided>, ApiError> {
    type Row = (Json<EventRecord>, Option<Json<Vec<EventRecord>>>);
    let statement = if wanted.ascending { ASCENDING } else { DESCENDING };
    let rows: Vec<Row> = sqlx::query_as(statement.sql)
        .bind(life.character_id)
        .bind(life.created_at)
        .bind(life.updated_at)
        .bind(wanted.after)
        .bind(wanted.limit + 1)
        .fetch_all(db)
        .await?;
    let decided = rows
        .into_iter()
        .map(|(Json(asked), caused)| Decided { asked, caused: caused.map(|Json(caused)| caused).unwrap_or_default() });
    Ok(decided.collect())
}
