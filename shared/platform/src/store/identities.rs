//! Accounts by what others call their owners: (provider, subject) belongs to one account, whatever happens at once.

use sqlx::Row as _;

use super::{
    accounts::{self, ChangeError, User, columns},
    constraints::{Meaning, broken_by},
    pool::Db,
    statement::Statement,
};
use crate::{ctx::Cx, error::ApiError, ids::UserId};

// An address that another account has verified is left out: an account is never found, nor joined, by its address.
// The identity's insert has no ON CONFLICT, so that one of two first sign-ins waits for the other and then fails whole.
pub(super) const FIND_OR_CREATE: Statement = Statement::write(
    "identity-find-or-create",
    concat!(
        "WITH known AS (
            SELECT ",
        columns!(),
        ", is_active
            FROM users JOIN (SELECT user_id FROM identities WHERE provider = $1 AND subject = $2) i USING (user_id)
         ), address AS (
            SELECT CASE WHEN NOT EXISTS (
                SELECT FROM users WHERE email_verified AND lower(email) = lower($5)
            ) THEN $5 END AS email
         ), new_user AS (
            INSERT INTO users
                (user_id, username, email, email_verified, is_guest, locale, version, created_at, updated_at)
            SELECT $3, $4, email, email IS NOT NULL, $6, $7, 1, $8, $8 FROM address
            WHERE NOT EXISTS (SELECT FROM known)
            ON CONFLICT (lower(username)) DO NOTHING
            RETURNING ",
        columns!(),
        ", is_active
         ), identity AS (
            INSERT INTO identities (user_id, provider, subject, created_at)
            SELECT user_id, $1, $2, $8 FROM new_user
         )
         SELECT *, false AS is_new FROM known UNION ALL SELECT *, true FROM new_user"
    ),
);

/// Gives an account a password, and where it was a guest's, makes it a full one: the device's secret no longer opens it.
pub(super) const ADD_PASSWORD: Statement = Statement::write(
    "identity-add-password",
    concat!(
        "WITH changed AS (
            UPDATE users
            SET username = coalesce($2, username), email = CASE WHEN email_verified THEN email ELSE coalesce($3, email) END,
                is_guest = false, version = version + 1, updated_at = $5
            WHERE user_id = $1 AND is_active
              AND NOT EXISTS (SELECT FROM identities WHERE user_id = $1 AND provider = 'password')
            RETURNING ",
        columns!(),
        "), added AS (
            INSERT INTO identities (user_id, provider, subject, secret, created_at)
            SELECT user_id, 'password', user_id::text, $4, $5 FROM changed
         ), outgrown AS (
            DELETE FROM identities USING changed WHERE identities.user_id = changed.user_id AND provider = 'guest'
         )
         SELECT * FROM changed"
    ),
);

/// Gives an account a further way to sign in.
pub(super) const ADD: Statement = Statement::write(
    "identity-add",
    concat!(
        "WITH changed AS (
            UPDATE users SET is_guest = false, version = version + 1, updated_at = $4
            WHERE user_id = $1 AND is_active
              AND NOT EXISTS (SELECT FROM identities WHERE user_id = $1 AND provider = $2 AND subject = $3)
            RETURNING ",
        columns!(),
        "), added AS (
            INSERT INTO identities (user_id, provider, subject, created_at)
            SELECT user_id, $2, $3, $4 FROM changed
         ), outgrown AS (
            DELETE FROM identities USING changed WHERE identities.user_id = changed.user_id AND provider = 'guest'
         )
         SELECT * FROM changed"
    ),
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
        .bind(candidate.is_guest)
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

/// Gives an account without a password one, and a name and an address if they are given. `None` when it has a password
/// already, or is gone.
///
/// # Errors
/// [`ChangeError::Taken`] when the name is another account's; 503 without Postgres.
pub async fn add_password(
    cx: &Cx,
    user: UserId,
    username: Option<&str>,
    email: Option<&str>,
    hash: &str,
) -> Result<Option<User>, ChangeError> {
    let statement = sqlx::query_as(ADD_PASSWORD.sql).bind(user).bind(username).bind(email).bind(hash).bind(cx.now());
    accounts::guarded(cx, user, statement).await
}

/// Gives an account a further way to sign in. `None` when it has it already, or is gone.
///
/// # Errors
/// 409 IDENTITY_TAKEN when it opens another account; 503 without Postgres.
pub async fn add(cx: &Cx, user: UserId, provider: &str, subject: &str) -> Result<Option<User>, ChangeError> {
    let statement = sqlx::query_as(ADD.sql).bind(user).bind(provider).bind(subject).bind(cx.now());
    accounts::guarded(cx, user, statement).await
}
