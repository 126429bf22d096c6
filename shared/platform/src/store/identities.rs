//! Accounts by what others call their owners: (provider, subject) belongs to one account, whatever happens at once.

use sqlx::Row as _;

use super::{
    accounts::User,
    constraints::{Meaning, broken_by},
    pool::Db,
    statement::Statement,
};
use crate::error::ApiError;

// An address that another account has verified is left out: an account is never found, nor joined, by its address.
// The identity's insert has no ON CONFLICT, so that one of two first sign-ins waits for the other and then fails whole.
pub(super) const FIND_OR_CREATE: Statement = Statement::write(
    "identity-find-or-create",
    "WITH known AS (
            SELECT u.user_id, u.username, u.email, u.email_verified, u.is_guest, u.locale, u.version, u.created_at,
                   u.is_active
            FROM identities i JOIN users u ON u.user_id = i.user_id
            WHERE i.provider = $1 AND i.subject = $2
         ), address AS (
            SELECT CASE WHEN NOT EXISTS (
                SELECT FROM users WHERE email_verified AND lower(email) = lower($5)
            ) THEN $5 END AS email
         ), new_user AS (
            INSERT INTO users (user_id, username, email, email_verified, locale, version, created_at, updated_at)
            SELECT $3, $4, email, email IS NOT NULL, $6, 1, $7, $7 FROM address
            WHERE NOT EXISTS (SELECT FROM known)
            ON CONFLICT (lower(username)) DO NOTHING
            RETURNING user_id, username, email, email_verified, is_guest, locale, version, created_at, is_active
         ), identity AS (
            INSERT INTO identities (user_id, provider, subject, created_at)
            SELECT user_id, $1, $2, $7 FROM new_user
         )
         SELECT *, false AS is_new FROM known UNION ALL SELECT *, true FROM new_user",
);

/// The account behind an identity.
#[derive(Debug)]
pub enum Found {
    /// It was there.
    Known(User),
    /// It was created.
    Created(User),
    /// It was there, and is no longer to be used.
    Closed,
    /// Nothing was done: the candidate's name is taken, or somebody else was doing the same. Try again with another
    /// name.
    Again,
}

/// The account of (`provider`, `subject`), or a new one as `candidate` describes it. Its `email` is taken as verified,
/// unless another account has verified the same address; then the new account has none.
///
/// # Errors
/// 503 without Postgres.
pub async fn find_or_create(db: &Db, provider: &str, subject: &str, candidate: &User) -> Result<Found, ApiError> {
    #[derive(sqlx::FromRow)]
    struct Account {
        #[sqlx(flatten)]
        user: User,
        is_active: bool,
    }
    let row = sqlx::query(FIND_OR_CREATE.sql)
        .bind(provider)
        .bind(subject)
        .bind(candidate.user_id)
        .bind(&candidate.username)
        .bind(&candidate.email)
        .bind(&candidate.locale)
        .bind(candidate.created_at)
        .fetch_optional(db)
        .await;
    let row = match row {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(Found::Again),
        Err(error) => {
            return match broken_by(&error) {
                Some(Meaning::IdentityTaken | Meaning::Expected) => Ok(Found::Again),
                _ => Err(error.into()),
            };
        }
    };
    let (account, is_new) = (<Account as sqlx::FromRow<_>>::from_row(&row)?, row.try_get("is_new")?);
    Ok(match account {
        Account { is_active: false, .. } => Found::Closed,
        Account { user, .. } if is_new => Found::Created(user),
        Account { user, .. } => Found::Known(user),
    })
}
