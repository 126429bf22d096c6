//! Kept moments of lives: written with the year they belong to or when a player asks, listed a page at a time without
//! their snapshots.

use chrono::{DateTime, Utc};
use engine::ContentHash;
use serde::Serialize;
use sqlx::{Row as _, postgres::PgRow, types::Json};

use super::{
    idempotency,
    lives::{self, Standing},
    once::{self, Done, and_key, prior},
    pool::Db,
    statement::Statement,
};
use crate::{
    ctx::Cx,
    error::ApiError,
    http::{
        envelope::{Answer, Reply},
        idem::Idem,
    },
    ids::{CharacterId, SaveId, UserId},
    saving::{Kept, MOST_MANUAL, SaveError, SaveType, Sealed},
};

/// A CTE that writes saves of the life that `$effect` has a row of (`character_id`, `version`): `$saves` is an array of
/// [`Kept`] as JSON, empty where there is nothing to keep; `$now` is when.
macro_rules! keep {
    ($effect:literal, $now:literal, $saves:literal) => {
        concat!(
            "kept AS (
            INSERT INTO game_saves
                (save_id, character_id, save_type, is_quick, save_name, description, event_id, version, age, year,
                 life_stage, happiness, physical, entries, snapshot, digest, content_hash, rules_version, created_at)
            SELECT s.save_id, ",
            $effect,
            ".character_id, s.save_type, s.is_quick, s.save_name, s.description, s.event_id, ",
            $effect,
            ".version, s.age, s.year, s.life_stage, s.happiness, s.physical, s.entries, decode(s.snapshot, 'base64'),
                   decode(s.digest, 'hex'), decode(s.content_hash, 'hex'), s.rules_version, ",
            $now,
            " FROM ",
            $effect,
            ", jsonb_to_recordset(",
            $saves,
            "::jsonb) AS s (save_id uuid, save_type text, is_quick boolean, save_name text, description text,
                            event_id text, age int2, year int2, life_stage text, happiness int2, physical int2,
                            entries int4, snapshot text, digest text, content_hash text, rules_version int4)
            ON CONFLICT (character_id) WHERE is_quick DO UPDATE
            SET save_id = excluded.save_id, version = excluded.version, age = excluded.age, year = excluded.year,
                life_stage = excluded.life_stage, happiness = excluded.happiness, physical = excluded.physical,
                entries = excluded.entries, snapshot = excluded.snapshot, digest = excluded.digest,
                content_hash = excluded.content_hash, rules_version = excluded.rules_version,
                created_at = excluded.created_at
            RETURNING save_id
         )"
        )
    };
}

pub(super) use keep;

// What is counted is what stood when the statement began: as many as are made at once may come on top.
pub(super) const CREATE: Statement = Statement::write(
    "save-create",
    concat!(
        prior!(),
        "owner AS (
            SELECT user_id, roster_version FROM users
            WHERE user_id = $1 AND is_active AND NOT EXISTS (SELECT FROM prior) FOR NO KEY UPDATE
         ), roster AS (
            SELECT roster_version FROM owner
         ), life AS (
            SELECT l.character_id, l.version
            FROM owner JOIN lives l USING (user_id) JOIN characters c USING (character_id)
            WHERE l.character_id = $10 AND l.version = $11 AND c.is_active
              AND ($13::int8 IS NULL OR $13 > (
                SELECT count(*) FROM game_saves s
                WHERE s.character_id = $10 AND s.save_type = 'manual' AND NOT s.is_quick))
         ), ",
        keep!("life", "$9", "$12"),
        and_key!("kept")
    ),
);

/// What the life was like when a save was refused.
pub(super) const ROOM: Statement = Statement::read(
    "save-room",
    "SELECT l.version, l.age, u.is_active
     FROM lives l JOIN characters c USING (character_id) JOIN users u ON u.user_id = l.user_id
     WHERE l.character_id = $1 AND l.user_id = $2 AND c.is_active",
);

macro_rules! columns {
    () => {
        "s.save_id, s.character_id, s.save_type, s.is_quick, s.save_name, s.description, s.event_id, s.version, s.age, \
         s.year, s.life_stage, s.happiness, s.physical, s.created_at"
    };
}

// A life without saves is one row of nothing; no life is no row.
pub(super) const LIST: Statement = Statement::read(
    "save-list",
    concat!(
        "SELECT page.* FROM characters c LEFT JOIN LATERAL (
            SELECT ",
        columns!(),
        " FROM game_saves s
            WHERE s.character_id = c.character_id AND ($3::uuid IS NULL OR s.save_id < $3)
              AND ($4::text IS NULL OR s.save_type = $4)
            ORDER BY s.save_id DESC LIMIT $5
         ) page ON true
         WHERE c.character_id = $1 AND c.user_id = $2 AND c.is_active
         ORDER BY page.save_id DESC"
    ),
);

pub(super) const FIND: Statement = Statement::read(
    "save-find",
    concat!(
        "SELECT ",
        columns!(),
        ", s.entries, s.snapshot, s.digest, s.content_hash, s.rules_version, e.hash AS link
         FROM game_saves s JOIN characters c USING (character_id)
         LEFT JOIN life_log e ON e.character_id = s.character_id AND e.seq = s.entries - 1
         WHERE s.character_id = $1 AND c.user_id = $2 AND c.is_active
           AND (s.save_id = $3 OR ($3::uuid IS NULL AND s.is_quick))"
    ),
);

pub(super) const DELETE: Statement = Statement::write(
    "save-delete",
    "DELETE FROM game_saves s USING characters c
     WHERE s.character_id = $1 AND s.save_id = $3 AND c.character_id = s.character_id AND c.user_id = $2 AND c.is_active",
);

/// A save without its snapshot.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of `game_saves`")]
pub struct Save {
    pub save_id: SaveId,
    pub character_id: CharacterId,
    pub save_type: String,
    pub is_quick: bool,
    pub save_name: Option<String>,
    pub description: Option<String>,
    pub event_id: Option<String>,
    pub version: i64,
    pub age: i16,
    pub year: i16,
    pub life_stage: String,
    pub happiness: i16,
    pub physical: i16,
    pub created_at: DateTime<Utc>,
}

impl Save {
    /// What will stand in the table once `kept` is stored.
    pub(crate) fn of(kept: &Kept, standing: &Standing, now: DateTime<Utc>) -> Self {
        Self {
            save_id: kept.save_id,
            character_id: standing.character_id,
            save_type: kept.save_type.as_str().to_owned(),
            is_quick: kept.is_quick,
            save_name: kept.save_name.clone(),
            description: kept.description.clone(),
            event_id: kept.event_id.clone(),
            version: standing.version,
            age: lives::int2(kept.age),
            year: lives::int2(kept.year),
            life_stage: kept.life_stage.to_owned(),
            happiness: kept.happiness.into(),
            physical: kept.physical.into(),
            created_at: now,
        }
    }
}

/// A save with its snapshot.
pub(crate) struct Found {
    pub(crate) save: Save,
    pub(crate) sealed: Sealed,
    /// The hash of the log's entry that it follows, if that is there.
    pub(crate) link: Option<[u8; 32]>,
}

/// Stores what was kept at that time of the life as `standing`, and gives `answer`, in one statement; a repeated request gets the first answer.
///
/// # Errors
/// 404 when the life is gone, 409 QUOTA_REACHED, 412 when it has moved on, 422 KEY_REUSED, 503 without Postgres.
pub async fn create<T: Serialize>(
    cx: &Cx,
    idem: &Idem,
    standing: &Standing,
    (kept, now): (&Kept, DateTime<Utc>),
    answer: Answer<T>,
) -> Reply<T> {
    let most = (!kept.is_quick).then_some(MOST_MANUAL);
    let statement = once::statement(CREATE.sql, idem, &answer, now)
        .bind(standing.character_id)
        .bind(standing.version)
        .bind(Json([kept]))
        .bind(most);
    match once::run(cx, statement).await? {
        Done::Applied { .. } => Ok(answer),
        Done::Replayed(stored) => stored.replay(idem),
        Done::Refused => match idempotency::find(cx, idem).await? {
            Some(first) => Ok(first),
            None => Err(why_refused(cx, idem.user, standing).await?),
        },
    }
}

async fn why_refused(cx: &Cx, user: UserId, standing: &Standing) -> Result<ApiError, ApiError> {
    let now: Option<(i64, i16, bool)> =
        sqlx::query_as(ROOM.sql).bind(standing.character_id).bind(user).fetch_optional(cx.db()).await?;
    Ok(match now {
        None => ApiError::no_such_character(),
        Some((_, _, false)) => ApiError::account_gone(),
        Some((version, ..)) if version == standing.version => SaveError::Full.into(),
        Some((version, age, _)) => lives::moved_on(version, u16::try_from(age).unwrap_or_default()),
    })
}

/// One page of a life's saves, newest first: at most `limit` + 1, so that the caller sees whether more follow. `None` when
/// there is no such life.
///
/// # Errors
/// 503 without Postgres.
pub async fn list(
    db: &Db,
    user: UserId,
    character: CharacterId,
    before: Option<SaveId>,
    save_type: Option<SaveType>,
    limit: i64,
) -> Result<Option<Vec<Save>>, ApiError> {
    let rows: Vec<PgRow> = sqlx::query(LIST.sql)
        .bind(character)
        .bind(user)
        .bind(before)
        .bind(save_type.map(SaveType::as_str))
        .bind(limit + 1)
        .fetch_all(db)
        .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    if first.try_get::<Option<SaveId>, _>("save_id")?.is_none() {
        return Ok(Some(Vec::new()));
    }
    let saves: Result<Vec<Save>, _> = rows.iter().map(sqlx::FromRow::from_row).collect();
    Ok(Some(saves?))
}

/// The save `which` of a life, or the one in its quick slot. `None` when there is none, or it is another player's.
///
/// # Errors
/// 503 without Postgres.
pub(crate) async fn find(
    db: &Db,
    user: UserId,
    character: CharacterId,
    which: Option<SaveId>,
) -> Result<Option<Found>, ApiError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        save: Save,
        entries: i32,
        snapshot: Vec<u8>,
        digest: Vec<u8>,
        content_hash: Vec<u8>,
        rules_version: i32,
        link: Option<Vec<u8>>,
    }
    let row: Option<Row> = sqlx::query_as(FIND.sql).bind(character).bind(user).bind(which).fetch_optional(db).await?;
    Ok(row.map(|row| {
        // What does not even have the right length cannot fit its digest, so it is found to be damaged when it is opened.
        let hash = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).unwrap_or_default();
        let sealed = Sealed {
            entries: u32::try_from(row.entries).unwrap_or_default(),
            snapshot: row.snapshot,
            digest: hash(row.digest),
            content_hash: ContentHash(hash(row.content_hash)),
            rules_version: u32::try_from(row.rules_version).unwrap_or_default(),
        };
        Found { save: row.save, sealed, link: row.link.and_then(|link| link.try_into().ok()) }
    }))
}

/// Deletes a save; whether there was one.
///
/// # Errors
/// 503 without Postgres.
pub async fn delete(db: &Db, user: UserId, character: CharacterId, save: SaveId) -> Result<bool, ApiError> {
    let deleted = sqlx::query(DELETE.sql).bind(character).bind(user).bind(save).execute(db).await?;
    Ok(deleted.rows_affected() > 0)
}
