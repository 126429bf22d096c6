//! Devices on which somebody has signed in to an account. They outlive sessions: an owner who has just been signed out
//! everywhere is still known.

use chrono::{DateTime, Utc};

use super::{pool::Db, statement::Statement};
use crate::{error::ApiError, ids::UserId};

pub(super) const IS_KNOWN: Statement = Statement::read(
    "device-is-known",
    "SELECT EXISTS (SELECT FROM known_devices WHERE user_id = $1 AND device_hash = sha256(convert_to($2, 'UTF8')))",
);

/// Of one account the newest twenty are kept: somebody who signs in with ever new ids fills no table.
pub(super) const REMEMBER: Statement = Statement::write(
    "device-remember",
    "WITH outlived AS (
            DELETE FROM known_devices WHERE user_id = $1 AND device_hash IN (
                SELECT device_hash FROM known_devices WHERE user_id = $1 ORDER BY seen_at DESC OFFSET 19
            ) AND device_hash <> sha256(convert_to($2, 'UTF8'))
         )
         INSERT INTO known_devices (user_id, device_hash, seen_at) VALUES ($1, sha256(convert_to($2, 'UTF8')), $3)
         ON CONFLICT (user_id, device_hash) DO UPDATE SET seen_at = excluded.seen_at",
);

/// Whether somebody has signed in to the account on this device.
///
/// # Errors
/// 503 without Postgres.
pub async fn is_known(db: &Db, user: UserId, device: &str) -> Result<bool, ApiError> {
    Ok(sqlx::query_scalar(IS_KNOWN.sql).bind(user).bind(device).fetch_one(db).await?)
}

/// Remembers that somebody has.
///
/// # Errors
/// 401 when the account is gone, 503 without Postgres.
pub async fn remember(db: &Db, user: UserId, device: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
    sqlx::query(REMEMBER.sql).bind(user).bind(device).bind(now).execute(db).await?;
    Ok(())
}
