//! Password hashes of accounts, each set only in the place of the one that was seen: of two changes at once, one is done.

use super::{pool::Db, statement::Statement};
use crate::{error::ApiError, ids::UserId};

pub(super) const OF_USER: Statement = Statement::read(
    "password-of-user",
    "SELECT u.username, u.email, i.secret FROM users u
         LEFT JOIN identities i ON i.user_id = u.user_id AND i.provider = 'password'
         WHERE u.user_id = $1 AND u.is_active",
);

pub(super) const REPLACE: Statement = Statement::write(
    "password-replace",
    "UPDATE identities SET secret = $3 WHERE provider = 'password' AND subject = $1::uuid::text AND secret = $2",
);

/// What a change of password must know of an account.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of `users`")]
pub struct Holder {
    pub username: String,
    pub email: Option<String>,
    /// PHC string; none for who signs in by other means.
    pub secret: Option<String>,
}

/// The account's password and what it must not be like. `None` when the account is gone.
///
/// # Errors
/// 503 without Postgres.
pub async fn of_user(db: &Db, user: UserId) -> Result<Option<Holder>, ApiError> {
    Ok(sqlx::query_as(OF_USER.sql).bind(user).fetch_optional(db).await?)
}

/// Sets `new` if the hash is still `old`. Says whether it was.
///
/// # Errors
/// 503 without Postgres.
pub async fn replace(db: &Db, user: UserId, old: &str, new: &str) -> Result<bool, ApiError> {
    let replaced = sqlx::query(REPLACE.sql).bind(user).bind(old).bind(new).execute(db).await?;
    Ok(replaced.rows_affected() == 1)
}
