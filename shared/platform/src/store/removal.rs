//! Characters that their players give up: out of sight at once, back for thirty days, then deleted by a job.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

use super::{characters::MOST_CHARACTERS, once, pool::Db, statement::Statement};
use crate::{
    cache::aggregate::{self, Aggregate as _},
    ctx::Cx,
    error::ApiError,
    ids::{CharacterId, UserId},
};

/// How long a character that was given up can be had back.
pub const RESTORABLE: TimeDelta = TimeDelta::days(30);

/// The end of a statement that changes whether a character is there: raises the versions of the life and of its player's list,
/// so that whoever read them before cannot move the life on, and no cache is believed. `$changed` has the character's row.
macro_rules! raise {
    ($changed:literal) => {
        concat!(
            "moved AS (
        UPDATE lives l SET version = version + 1 FROM ",
            $changed,
            " changed WHERE l.character_id = changed.character_id RETURNING l.version
     ), roster AS (
        UPDATE users SET roster_version = roster_version + 1 FROM ",
            $changed,
            " changed WHERE users.user_id = changed.user_id
        RETURNING roster_version
     )
     SELECT version, roster_version FROM moved, roster"
        )
    };
}

pub(super) const DELETE: Statement = Statement::write(
    "character-delete",
    concat!(
        "WITH owner AS (
        SELECT user_id FROM users WHERE user_id = $1 AND is_active FOR NO KEY UPDATE
     ), gone AS (
        UPDATE characters c SET is_active = false, deleted_at = $3
        FROM owner WHERE c.character_id = $2 AND c.user_id = owner.user_id AND c.is_active
        RETURNING c.character_id, c.user_id
     ), ",
        raise!("gone")
    ),
);

pub(super) const RESTORE: Statement = Statement::write(
    "character-restore",
    concat!(
        "WITH owner AS (
        SELECT user_id FROM users WHERE user_id = $1 AND is_active FOR NO KEY UPDATE
     ), back AS (
        UPDATE characters c SET is_active = true, deleted_at = NULL
        FROM owner WHERE c.character_id = $2 AND c.user_id = owner.user_id AND c.deleted_at > $3
          AND $4 > (SELECT count(*) FROM characters o WHERE o.user_id = owner.user_id AND o.is_active)
        RETURNING c.character_id, c.user_id
     ), ",
        raise!("back")
    ),
);

pub(super) const IS_RESTORABLE: Statement = Statement::read(
    "character-is-restorable",
    "SELECT EXISTS (SELECT FROM characters WHERE character_id = $1 AND user_id = $2 AND deleted_at > $3)",
);

/// Takes a character out of sight; whether there was one.
///
/// # Errors
/// 503 without Postgres.
pub async fn delete(cx: &Cx, user: UserId, character: CharacterId) -> Result<bool, ApiError> {
    let statement = sqlx::query_as(DELETE.sql).bind(user).bind(character).bind(cx.now());
    let gone = fenced(cx, user, character, statement.fetch_optional(cx.db())).await?;
    let Some((version, roster_version)) = gone else { return Ok(false) };
    let news = [
        cx.news(aggregate::Life(user, character), version, None),
        cx.patched(aggregate::Roster(user), roster_version, |listed| listed.give_up(character)),
    ];
    cx.gate.publish(cx, &news).await?;
    Ok(true)
}

/// What became of a wish to have a character back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// It is back.
    Now,
    /// It was not given up, or too long ago, or never was.
    NotGone,
    /// The player has as many as may be.
    NoRoom,
}

/// Brings a character back that was given up less than [`RESTORABLE`] ago.
///
/// # Errors
/// 503 without Postgres.
pub async fn restore(cx: &Cx, user: UserId, character: CharacterId) -> Result<Restored, ApiError> {
    let since = cx.now() - RESTORABLE;
    let statement = sqlx::query_as(RESTORE.sql).bind(user).bind(character).bind(since).bind(MOST_CHARACTERS);
    let back = fenced(cx, user, character, statement.fetch_optional(cx.db())).await?;
    let Some((version, roster_version)) = back else {
        let gone: bool =
            sqlx::query_scalar(IS_RESTORABLE.sql).bind(character).bind(user).bind(since).fetch_one(cx.db()).await?;
        return Ok(if gone { Restored::NoRoom } else { Restored::NotGone });
    };
    let news = [
        cx.news(aggregate::Life(user, character), version, None),
        cx.news(aggregate::Roster(user), roster_version, None),
    ];
    cx.gate.publish(cx, &news).await?;
    Ok(Restored::Now)
}

/// Runs a statement that changes whether a character is there, under fences.
async fn fenced(
    cx: &Cx,
    user: UserId,
    character: CharacterId,
    statement: impl Future<Output = Result<Option<(i64, i64)>, sqlx::Error>>,
) -> Result<Option<(i64, i64)>, ApiError> {
    cx.fence(&[aggregate::Life(user, character).id(), aggregate::Roster(user).id()]).await?;
    once::guarded(cx, statement).await
}

/// Deletes up to `batch` characters that were given up before `before`, with all that is theirs; says how many. Events
/// first: no foreign key points at them.
///
/// # Errors
/// When Postgres does not answer.
pub(crate) async fn purge(db: impl PgExecutor<'_>, before: DateTime<Utc>, batch: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "WITH doomed AS (
            SELECT character_id FROM characters WHERE deleted_at < $1
            ORDER BY deleted_at LIMIT $2 FOR UPDATE SKIP LOCKED
         ), happened AS (
            DELETE FROM events WHERE character_id IN (SELECT character_id FROM doomed)
         )
         DELETE FROM characters WHERE character_id IN (SELECT character_id FROM doomed)",
    )
    .bind(before)
    .bind(batch)
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

/// How many characters a player has, and how many there may be; `None` when the account is gone.
pub(super) const ROOM: Statement = Statement::read(
    "character-room",
    "SELECT (SELECT count(*) FROM characters c WHERE c.user_id = u.user_id AND c.is_active)
     FROM users u WHERE u.user_id = $1 AND u.is_active",
);

/// Why a new character was refused: there are [`MOST_CHARACTERS`], the account is gone, or nothing of that.
pub(super) async fn why_refused(db: &Db, user: UserId) -> Result<Option<ApiError>, ApiError> {
    let count: Option<i64> = sqlx::query_scalar(ROOM.sql).bind(user).fetch_optional(db).await?;
    Ok(match count {
        None => Some(ApiError::account_gone()),
        Some(count) if count >= MOST_CHARACTERS => Some(ApiError::too_many_characters(MOST_CHARACTERS)),
        Some(_) => None,
    })
}
