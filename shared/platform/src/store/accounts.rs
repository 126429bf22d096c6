//! Users, the ways to prove to be one, and their signed-in devices.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, Row as _, postgres::PgArguments, query::Query};

use super::{pool::Db, statement::Statement};
use crate::{
    cache::aggregate::Loaded,
    error::ApiError,
    ids::{SessionId, UserId},
};

pub(super) const CREATE: Statement = Statement::write(
    "account-create",
    "WITH new_user AS (
            INSERT INTO users (user_id, username, email, is_guest, locale, version, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
            ON CONFLICT (lower(username)) DO NOTHING
            RETURNING user_id
         ), identity AS (
            INSERT INTO identities (user_id, provider, subject, secret, created_at)
            SELECT user_id, 'password', user_id::text, $8, $7 FROM new_user
         ), session AS (
            INSERT INTO sessions
                (session_id, user_id, refresh_hash, refresh_expires_at, platform, device_id, device_name, created_at)
            SELECT $9, user_id, $10, $11, $12, $13, $14, $15 FROM new_user
         )
         SELECT count(*) FROM new_user",
);

pub(super) const OPEN_SESSION: Statement = Statement::write(
    "session-open",
    "INSERT INTO sessions
            (user_id, session_id, refresh_hash, refresh_expires_at, platform, device_id, device_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);

pub(super) const BY_IDENTIFIER: Statement = Statement::read(
    "account-by-identifier",
    "SELECT u.user_id, u.username, u.email, u.email_verified, u.is_guest, u.locale, u.version, u.created_at, i.secret
         FROM users u JOIN identities i ON i.user_id = u.user_id AND i.provider = 'password'
         WHERE u.is_active AND i.secret IS NOT NULL
           AND (lower(u.username) = lower($1) OR (u.email_verified AND lower(u.email) = lower($1)))
         ORDER BY lower(u.username) = lower($1) DESC
         LIMIT 1",
);

pub(super) const BY_ID: Statement = Statement::read(
    "account-by-id",
    "SELECT user_id, username, email, email_verified, is_guest, locale, version, created_at
         FROM users WHERE user_id = $1 AND is_active",
);

pub(super) const CLOSE_SESSIONS: Statement =
    Statement::write("session-close-all", "DELETE FROM sessions WHERE user_id = $1 AND session_id IS DISTINCT FROM $2");

pub(super) const KNOWN_DEVICE: Statement = Statement::read(
    "session-known-device",
    "SELECT EXISTS (SELECT FROM sessions WHERE user_id = $1 AND device_id = $2)",
);

/// A user as every route of the account shows it.
#[derive(Debug, Clone, Serialize, Deserialize, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of `users`")]
pub struct User {
    pub user_id: UserId,
    pub username: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub is_guest: bool,
    pub locale: String,
    pub version: i64,
    pub created_at: DateTime<Utc>,
}

/// A device to sign in.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of `sessions`")]
pub struct NewSession {
    pub session_id: SessionId,
    /// SHA-256 of the refresh token.
    pub refresh_hash: [u8; 32],
    pub refresh_expires_at: DateTime<Utc>,
    pub platform: String,
    pub device_id: Option<String>,
    pub device_name: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// Creates a user who signs in by password, with the first session, in one statement. `false` when the name is taken.
///
/// # Errors
/// 503 without Postgres.
pub async fn create(db: &Db, user: &User, password_hash: &str, session: &NewSession) -> Result<bool, ApiError> {
    let statement = sqlx::query(CREATE.sql)
        .bind(user.user_id)
        .bind(&user.username)
        .bind(&user.email)
        .bind(user.is_guest)
        .bind(&user.locale)
        .bind(user.version)
        .bind(user.created_at)
        .bind(password_hash);
    let created: i64 = bind_session(statement, session).fetch_one(db).await?.try_get(0)?;
    Ok(created == 1)
}

/// Binds a session's columns, in the order of both statements that write it.
fn bind_session<'q>(
    statement: Query<'q, Postgres, PgArguments>,
    session: &'q NewSession,
) -> Query<'q, Postgres, PgArguments> {
    statement
        .bind(session.session_id)
        .bind(session.refresh_hash.as_slice())
        .bind(session.refresh_expires_at)
        .bind(&session.platform)
        .bind(&session.device_id)
        .bind(&session.device_name)
        .bind(session.created_at)
}

/// Signs a device in.
///
/// # Errors
/// 401 when the account is gone, 503 without Postgres.
pub async fn open_session(db: &Db, user: UserId, session: &NewSession) -> Result<(), ApiError> {
    let statement = sqlx::query(OPEN_SESSION.sql).bind(user);
    bind_session(statement, session).execute(db).await?;
    Ok(())
}

/// Signs all of a player's devices out but `except`.
///
/// # Errors
/// 503 without Postgres.
pub async fn close_sessions(db: &Db, user: UserId, except: Option<SessionId>) -> Result<(), ApiError> {
    sqlx::query(CLOSE_SESSIONS.sql).bind(user).bind(except).execute(db).await?;
    Ok(())
}

/// Whether this device has signed in to the account before.
///
/// # Errors
/// 503 without Postgres.
pub async fn is_known_device(db: &Db, user: UserId, device_id: &str) -> Result<bool, ApiError> {
    Ok(sqlx::query_scalar(KNOWN_DEVICE.sql).bind(user).bind(device_id).fetch_one(db).await?)
}

/// The active user with this name or verified address, and the hash of their password.
///
/// # Errors
/// 503 without Postgres.
pub async fn by_identifier(db: &Db, identifier: &str) -> Result<Option<(User, String)>, ApiError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        user: User,
        secret: String,
    }
    let row: Option<Row> = sqlx::query_as(BY_IDENTIFIER.sql).bind(identifier).fetch_optional(db).await?;
    Ok(row.map(|row| (row.user, row.secret)))
}

/// The active user with this id, as caches hold it.
pub(crate) async fn load(db: &Db, user: UserId) -> Result<Option<Loaded>, ApiError> {
    let user: Option<User> = sqlx::query_as(BY_ID.sql).bind(user).fetch_optional(db).await?;
    let Some(user) = user else { return Ok(None) };
    let value = serde_json::to_vec(&user).map_err(ApiError::internal)?;
    Ok(Some(Loaded { version: user.version, value }))
}
