//! Signed-in devices, where Postgres keeps them.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, Row as _, postgres::PgRow};

use super::{pool::Db, statement::Statement};
use crate::{
    error::ApiError,
    ids::{SessionId, UserId},
    session::{Kept, NewSession, Session, Turn},
};

pub(super) const OPEN: Statement = Statement::write(
    "session-open",
    "INSERT INTO sessions (user_id, session_id, family_hash, refresh_hash, refresh_expires_at, platform, device_id,
                           device_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);

pub(super) const FIND: Statement = Statement::read(
    "session-by-id",
    "SELECT user_id, session_id, platform, device_id, device_name, created_at, refreshed_at, refresh_expires_at,
            family_hash, refresh_hash, previous_hash, turn_salt
         FROM sessions WHERE session_id = $2 AND user_id = $1",
);

pub(super) const LISTED: Statement = Statement::read(
    "session-list",
    "SELECT user_id, session_id, platform, device_id, device_name, created_at, refreshed_at, refresh_expires_at
         FROM sessions WHERE user_id = $1 AND refresh_expires_at > $2
         ORDER BY session_id DESC LIMIT $3",
);

pub(super) const TURN: Statement = Statement::write(
    "session-turn",
    "UPDATE sessions
         SET previous_hash = refresh_hash, refresh_hash = $5, turn_salt = $6, refreshed_at = $7, refresh_expires_at = $8
         WHERE session_id = $2 AND user_id = $1 AND family_hash = $3 AND refresh_hash = $4 AND refresh_expires_at > $7
         RETURNING user_id, session_id, platform, device_id, device_name, created_at, refreshed_at, refresh_expires_at",
);

pub(super) const REVOKE: Statement =
    Statement::write("session-revoke", "DELETE FROM sessions WHERE session_id = $2 AND user_id = $1");

pub(super) const REVOKE_ALL: Statement = Statement::write(
    "session-revoke-all",
    "DELETE FROM sessions WHERE user_id = $1 AND session_id IS DISTINCT FROM $2 RETURNING session_id",
);

impl FromRow<'_, PgRow> for Session {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let created_at = row.try_get("created_at")?;
        let refreshed_at: Option<DateTime<Utc>> = row.try_get("refreshed_at")?;
        Ok(Self {
            user_id: row.try_get("user_id")?,
            session_id: row.try_get("session_id")?,
            platform: row.try_get("platform")?,
            device_id: row.try_get("device_id")?,
            device_name: row.try_get("device_name")?,
            created_at,
            refreshed_at: refreshed_at.unwrap_or(created_at),
            expires_at: row.try_get("refresh_expires_at")?,
        })
    }
}

impl FromRow<'_, PgRow> for Kept {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let previous: Option<[u8; 32]> = row.try_get("previous_hash")?;
        Ok(Self {
            family_hash: row.try_get("family_hash")?,
            refresh_hash: row.try_get("refresh_hash")?,
            replaced: previous.zip(row.try_get("turn_salt")?),
        })
    }
}

pub(crate) async fn open(db: &Db, new: &NewSession) -> Result<(), ApiError> {
    let session = &new.session;
    sqlx::query(OPEN.sql)
        .bind(session.user_id)
        .bind(session.session_id)
        .bind(new.family_hash)
        .bind(new.refresh_hash)
        .bind(session.expires_at)
        .bind(&session.platform)
        .bind(&session.device_id)
        .bind(&session.device_name)
        .bind(session.created_at)
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn find(db: &Db, user: UserId, session: SessionId) -> Result<Option<(Session, Kept)>, ApiError> {
    let row = sqlx::query(FIND.sql).bind(user).bind(session).fetch_optional(db).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((Session::from_row(&row)?, Kept::from_row(&row)?)))
}

pub(crate) async fn listed(db: &Db, user: UserId, now: DateTime<Utc>, at_most: i32) -> Result<Vec<Session>, ApiError> {
    Ok(sqlx::query_as(LISTED.sql).bind(user).bind(now).bind(at_most).fetch_all(db).await?)
}

/// Replaces the token, if it is the one that is waited for.
pub(crate) async fn turn(db: &Db, user: UserId, session: SessionId, turn: &Turn) -> Result<Option<Session>, ApiError> {
    let statement = sqlx::query_as(TURN.sql)
        .bind(user)
        .bind(session)
        .bind(turn.family_hash)
        .bind(turn.presented_hash)
        .bind(turn.next_hash)
        .bind(turn.salt)
        .bind(turn.now)
        .bind(turn.expires_at);
    Ok(statement.fetch_optional(db).await?)
}

pub(crate) async fn revoke(db: &Db, user: UserId, session: SessionId) -> Result<bool, ApiError> {
    let done = sqlx::query(REVOKE.sql).bind(user).bind(session).execute(db).await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn revoke_all(db: &Db, user: UserId, except: Option<SessionId>) -> Result<Vec<SessionId>, ApiError> {
    Ok(sqlx::query_scalar(REVOKE_ALL.sql).bind(user).bind(except).fetch_all(db).await?)
}

/// Deletes up to `at_most` sessions that ended before `before`; how many there were.
pub(crate) async fn purge(db: &mut PgConnection, before: DateTime<Utc>, at_most: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "DELETE FROM sessions WHERE session_id IN (
             SELECT session_id FROM sessions WHERE refresh_expires_at <= $1
             ORDER BY refresh_expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
         )",
    );
    Ok(done.bind(before).bind(at_most).execute(db).await?.rows_affected())
}
