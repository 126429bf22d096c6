//! Codes sent by e-mail. Only keyed hashes are stored; the key is the `auth` functions'.
//!
//! Locks are taken in the order users, codes. A miss is counted by the statement that finds it, so that no number of
//! concurrent tries is more than [`MISSES`].

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::{
    accounts::{self, ChangeError, User, columns},
    pool::Db,
    statement::Statement,
};
use crate::{ctx::Cx, error::ApiError, ids::UserId};

/// Wrong tries after which a code is of no more use.
pub const MISSES: i16 = 5;

/// What of a code's row decides: $1 purpose, $2 subject, $3 the hash of the tried code, $4 now, $5 [`MISSES`].
macro_rules! open_code {
    () => {
        "purpose = $1 AND subject = $2 AND used_at IS NULL AND misses < $5 AND expires_at > $4"
    };
}

pub(super) const ADDRESSEE: Statement = Statement::read(
    "code-addressee",
    concat!("SELECT ", columns!(), " FROM users WHERE is_active AND email_verified AND lower(email) = lower($1)"),
);

pub(super) const PUT: Statement = Statement::write(
    "code-put",
    "INSERT INTO email_codes (purpose, subject, user_id, email, code_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (purpose, subject) DO UPDATE
         SET user_id = excluded.user_id, email = excluded.email, code_hash = excluded.code_hash, misses = 0,
             created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL",
);

pub(super) const TRY: Statement = Statement::write(
    "code-try",
    concat!(
        "UPDATE email_codes SET misses = misses + CASE WHEN code_hash = $3 THEN 0 ELSE 1 END
         WHERE ",
        open_code!(),
        " RETURNING CASE WHEN code_hash = $3 THEN user_id END"
    ),
);

pub(super) const VERIFY_EMAIL: Statement = Statement::write(
    "code-verify-email",
    concat!(
        "WITH owner AS (
            SELECT user_id FROM users WHERE user_id = $6 AND is_active FOR NO KEY UPDATE
         ), tried AS (
            UPDATE email_codes c
            SET misses = misses + CASE WHEN code_hash = $3 AND lower(email) = lower($7) THEN 0 ELSE 1 END,
                used_at = CASE WHEN code_hash = $3 AND lower(email) = lower($7) THEN $4 END
            FROM owner
            WHERE ",
        open_code!(),
        "     AND c.user_id = owner.user_id
            RETURNING c.user_id AS holder, c.email AS address, c.used_at
         )
         UPDATE users SET email = address, email_verified = true, version = version + 1, updated_at = $4
         FROM tried WHERE used_at IS NOT NULL AND user_id = holder
         RETURNING ",
        columns!()
    ),
);

pub(super) const CLOSE_PASSWORD: Statement = Statement::write(
    "code-close-password",
    concat!(
        "WITH owner AS (
            SELECT user_id FROM users WHERE user_id = $6 AND is_active AND email_verified AND lower(email) = lower($7)
            FOR NO KEY UPDATE
         ), code AS (
            SELECT c.user_id FROM email_codes c JOIN owner USING (user_id) WHERE ",
        open_code!(),
        "     AND code_hash = $3 FOR UPDATE OF c
         ), closed AS (
            UPDATE identities i SET secret = NULL FROM code WHERE provider = 'password' AND subject = code.user_id::text
         )
         SELECT count(*) FROM code"
    ),
);

pub(super) const RESET_PASSWORD: Statement = Statement::write(
    "code-reset-password",
    concat!(
        "WITH owner AS (
            SELECT user_id FROM users WHERE user_id = $6 AND is_active AND email_verified AND lower(email) = lower($7)
            FOR NO KEY UPDATE
         ), used AS (
            UPDATE email_codes c SET used_at = $4 FROM owner
            WHERE ",
        open_code!(),
        "     AND code_hash = $3 AND c.user_id = owner.user_id
            RETURNING c.user_id
         ), opened AS (
            INSERT INTO identities (user_id, provider, subject, secret, created_at)
            SELECT user_id, 'password', user_id::text, $8, $4 FROM used
            ON CONFLICT (provider, subject) DO UPDATE SET secret = excluded.secret
         ), outgrown AS (
            DELETE FROM identities USING used WHERE identities.user_id = used.user_id AND provider = 'guest'
         )
         UPDATE users SET is_guest = false, version = version + 1, updated_at = $4
         WHERE user_id IN (SELECT user_id FROM used)
         RETURNING ",
        columns!()
    ),
);

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To show that an address is one's own.
    VerifyEmail,
    /// To choose a new password.
    ResetPassword,
}

impl Purpose {
    /// As the column `purpose` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A code as somebody tries it.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a> {
    /// What for.
    pub purpose: Purpose,
    /// Keyed hash of whose it is.
    pub subject: &'a [u8; 32],
    /// Keyed hash of the code.
    pub code_hash: &'a [u8; 32],
    /// The moment.
    pub at: DateTime<Utc>,
}

/// A code about to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewCode<'a> {
    /// What for, whose, which, and when it was made.
    pub code: Tried<'a>,
    /// Whose account; none when it is to be nobody's.
    pub user: Option<UserId>,
    /// The address it went to, if the account does not hold it yet.
    pub email: Option<&'a str>,
    /// It is of no use from here on.
    pub expires_at: DateTime<Utc>,
}

/// The active user to whom this address was verified to belong.
///
/// # Errors
/// 503 without Postgres.
pub async fn addressee(db: &Db, email: &str) -> Result<Option<User>, ApiError> {
    Ok(sqlx::query_as(ADDRESSEE.sql).bind(email).fetch_optional(db).await?)
}

/// Stores a code in the place of the one before.
///
/// # Errors
/// 401 when the account is gone, 503 without Postgres.
pub async fn put(db: &Db, new: NewCode<'_>) -> Result<(), ApiError> {
    sqlx::query(PUT.sql)
        .bind(new.code.purpose.as_str())
        .bind(new.code.subject.as_slice())
        .bind(new.user)
        .bind(new.email)
        .bind(new.code.code_hash.as_slice())
        .bind(new.code.at)
        .bind(new.expires_at)
        .execute(db)
        .await?;
    Ok(())
}

/// Binds $1 to $5.
macro_rules! bound {
    ($statement:expr, $tried:expr) => {
        $statement
            .bind($tried.purpose.as_str())
            .bind($tried.subject.as_slice())
            .bind($tried.code_hash.as_slice())
            .bind($tried.at)
            .bind(MISSES)
    };
}

/// Whose the code is, if it is right; it stays good. A wrong one is counted.
///
/// # Errors
/// 503 without Postgres.
pub async fn try_code(db: &Db, tried: Tried<'_>) -> Result<Option<UserId>, ApiError> {
    let found: Option<Option<UserId>> = bound!(sqlx::query_scalar(TRY.sql), tried).fetch_optional(db).await?;
    Ok(found.flatten())
}

/// Uses up a right code: the address it went to is the player's, and the profile says so. `None` when the code is wrong, which
/// is counted, and when the address has become another account's meanwhile.
///
/// # Errors
/// 503 without Postgres; with CACHE_STRICT also without Redis.
pub async fn verify_email(cx: &Cx, user: UserId, email: &str, tried: Tried<'_>) -> Result<Option<User>, ApiError> {
    let statement = bound!(sqlx::query_as(VERIFY_EMAIL.sql), tried).bind(user).bind(email);
    match accounts::guarded(cx, user, statement).await {
        Err(ChangeError::Taken(_) | ChangeError::IdentityTaken) => Ok(None),
        Err(ChangeError::Other(error)) => Err(error),
        Ok(verified) => Ok(verified),
    }
}

/// First step of a reset: takes the old password out of use, if the code is right. It stays good. False when it is not.
///
/// # Errors
/// 503 without Postgres.
pub async fn close_password(db: &Db, user: UserId, email: &str, tried: Tried<'_>) -> Result<bool, ApiError> {
    let statement = bound!(sqlx::query_scalar(CLOSE_PASSWORD.sql), tried).bind(user).bind(email);
    let closed: i64 = statement.fetch_one(db).await?;
    Ok(closed == 1)
}

/// Last step of a reset: uses up the code and sets the new password; a guest's account is a full one by that. False when
/// the code is not right any more.
///
/// # Errors
/// 503 without Postgres; with CACHE_STRICT also without Redis.
pub async fn reset_password(
    cx: &Cx,
    user: UserId,
    email: &str,
    tried: Tried<'_>,
    password_hash: &str,
) -> Result<bool, ApiError> {
    let statement = bound!(sqlx::query_as(RESET_PASSWORD.sql), tried).bind(user).bind(email).bind(password_hash);
    match accounts::guarded(cx, user, statement).await {
        Ok(reset) => Ok(reset.is_some()),
        Err(ChangeError::Other(error)) => Err(error),
        Err(_) => Err(ApiError::internal("a reset broke a constraint")),
    }
}

/// Forgets codes that ran out before `before`, at most `batch` of them; says how many.
///
/// # Errors
/// When Postgres does not answer.
pub async fn purge(db: impl PgExecutor<'_>, before: DateTime<Utc>, batch: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM email_codes c USING (
            SELECT purpose, subject FROM email_codes
            WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
         ) old
         WHERE (c.purpose, c.subject) = (old.purpose, old.subject)",
    )
    .bind(before)
    .bind(batch)
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}
