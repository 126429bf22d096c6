//! Users, and the ways to prove to be one.

use chrono::{DateTime, Utc};
use engine::Locale;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, Row as _, postgres::PgArguments, query::QueryAs, types::Json};

use super::{once, pool::Db, statement::Statement};
use crate::{
    cache::aggregate::{self, Aggregate as _, Loaded},
    ctx::Cx,
    error::{ApiError, Code},
    ids::UserId,
    text::Text,
};

/// The columns of [`User`].
macro_rules! columns {
    () => {
        "user_id, username, email, email_verified, is_guest, locale, display_name, avatar_url, bio, country, timezone,
         settings, version, created_at"
    };
}

pub(super) use columns;

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
         )
         SELECT count(*) FROM new_user",
);

pub(super) const BY_IDENTIFIER: Statement = Statement::read(
    "account-by-identifier",
    concat!(
        "SELECT ",
        columns!(),
        ", secret
         FROM users u JOIN (SELECT user_id, secret FROM identities WHERE provider = 'password') i USING (user_id)
         WHERE is_active AND secret IS NOT NULL
           AND (lower(username) = lower($1) OR (email_verified AND lower(email) = lower($1)))
         ORDER BY lower(username) = lower($1) DESC
         LIMIT 1"
    ),
);

pub(super) const BY_ID: Statement =
    Statement::read("account-by-id", concat!("SELECT ", columns!(), " FROM users WHERE user_id = $1 AND is_active"));

pub(super) const CHANGE: Statement = Statement::write(
    "account-change",
    concat!(
        "UPDATE users
         SET username = $3, email = $4, email_verified = $5, is_guest = $6, locale = $7, display_name = $8,
             avatar_url = $9, bio = $10, country = $11, timezone = $12, settings = $13, updated_at = $14,
             version = version + 1
         WHERE user_id = $1 AND version = $2 AND is_active
         RETURNING ",
        columns!()
    ),
);

/// A user as every route of the account shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of `users`")]
pub struct User {
    pub user_id: UserId,
    pub username: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub is_guest: bool,
    pub locale: String,
    pub display_name: Option<String>,
    pub avatar_url: Option<String>,
    pub bio: Option<String>,
    pub country: Option<String>,
    pub timezone: Option<String>,
    #[sqlx(json)]
    pub settings: Settings,
    pub version: i64,
    pub created_at: DateTime<Utc>,
}

impl User {
    /// A new user who has said nothing of themselves yet.
    pub fn new(user_id: UserId, username: String, locale: Locale, created_at: DateTime<Utc>) -> Self {
        Self {
            user_id,
            username,
            email: None,
            email_verified: false,
            is_guest: false,
            locale: locale.as_str().to_owned(),
            display_name: None,
            avatar_url: None,
            bio: None,
            country: None,
            timezone: None,
            settings: Settings::default(),
            version: 1,
            created_at,
        }
    }
}

/// What a player has chosen for all their lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Settings {
    /// Sensitivities of events that new lives are to be spared.
    pub content_filter: Vec<String>,
    /// Whether decisions have a deadline.
    pub timed_choices: bool,
    /// Whether rankings show this player by name.
    pub public_rank: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { content_filter: Vec::new(), timed_choices: false, public_rank: true }
    }
}

/// Creates a user who signs in by password. `false` when the name is taken.
///
/// # Errors
/// 503 without Postgres.
pub async fn create(db: &Db, user: &User, password_hash: &str) -> Result<bool, ApiError> {
    let statement = sqlx::query(CREATE.sql)
        .bind(user.user_id)
        .bind(&user.username)
        .bind(&user.email)
        .bind(user.is_guest)
        .bind(&user.locale)
        .bind(user.version)
        .bind(user.created_at)
        .bind(password_hash);
    let created: i64 = statement.fetch_one(db).await?.try_get(0)?;
    Ok(created == 1)
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

/// The active user with this id, past every cache.
///
/// # Errors
/// 503 without Postgres.
pub async fn by_id(db: &Db, user: UserId) -> Result<Option<User>, ApiError> {
    Ok(sqlx::query_as(BY_ID.sql).bind(user).fetch_optional(db).await?)
}

/// Changes an account and raises its version, so that nobody reads what was true before. `expected` is the version that the
/// client believes current; without one, the change is made to whatever is there.
///
/// # Errors
/// 401 when the account is gone, 412 with the current version, 503 without Postgres; a broken constraint as it is.
pub async fn change(
    cx: &Cx,
    user: UserId,
    expected: Option<i64>,
    change: impl Fn(&mut User),
) -> Result<User, ChangeError> {
    cx.fence(&[aggregate::Profile(user).id()]).await?;
    loop {
        let mut changed = by_id(cx.db(), user).await?.ok_or_else(ApiError::account_gone)?;
        if let Some(expected) = expected.filter(|expected| *expected != changed.version) {
            return Err(moved_on(expected, changed.version).into());
        }
        change(&mut changed);
        let statement = sqlx::query_as(CHANGE.sql)
            .bind(user)
            .bind(changed.version)
            .bind(&changed.username)
            .bind(&changed.email)
            .bind(changed.email_verified)
            .bind(changed.is_guest)
            .bind(&changed.locale)
            .bind(&changed.display_name)
            .bind(&changed.avatar_url)
            .bind(&changed.bio)
            .bind(&changed.country)
            .bind(&changed.timezone)
            .bind(Json(&changed.settings))
            .bind(cx.now());
        // Without a row somebody else was faster: what they left is looked at anew.
        if let Some(stored) = published(cx, user, statement).await? {
            return Ok(stored);
        }
    }
}

/// Runs a statement that changes an account and gives it as it is then, within a fence; `None` is one that changed nothing.
pub(super) async fn guarded(
    cx: &Cx,
    user: UserId,
    statement: QueryAs<'_, Postgres, User, PgArguments>,
) -> Result<Option<User>, ChangeError> {
    cx.fence(&[aggregate::Profile(user).id()]).await?;
    published(cx, user, statement).await
}

async fn published(
    cx: &Cx,
    user: UserId,
    statement: QueryAs<'_, Postgres, User, PgArguments>,
) -> Result<Option<User>, ChangeError> {
    let stored: Option<User> = once::guarded::<_, ChangeError>(cx, statement.fetch_optional(cx.db())).await?;
    if let Some(stored) = &stored {
        let value = serde_json::to_vec(stored).map_err(ApiError::internal)?;
        cx.gate.publish(cx, &[cx.news(aggregate::Profile(user), stored.version, Some(&value))]).await?;
    }
    Ok(stored)
}

/// Why an account was not changed.
#[derive(Debug)]
pub enum ChangeError {
    /// The name or the verified e-mail address is another account's.
    Taken(&'static str),
    /// The way to sign in is another account's, or was added by another request.
    IdentityTaken,
    /// Anything else.
    Other(ApiError),
}

impl From<ApiError> for ChangeError {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        let taken = [USERNAME_KEY, EMAIL_KEY];
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        match taken.into_iter().find(|known| constraint == Some(known)) {
            Some(known) => Self::Taken(known),
            None if constraint == Some("identities_pkey") => Self::IdentityTaken,
            None => Self::Other(error.into()),
        }
    }
}

/// The index by which names are unique.
pub const USERNAME_KEY: &str = "users_username_folded_key";
/// The index by which verified addresses are unique.
pub const EMAIL_KEY: &str = "users_email_verified_key";

fn moved_on(expected: i64, current: i64) -> ApiError {
    let text =
        Text::new("The account has changed since; read it and decide again.", "账号资料已有变动，请重新读取后再试。");
    ApiError::new(Code::PreconditionFailed, text)
        .reason("VERSION_MISMATCH")
        .detail("expected_version", expected)
        .detail("current_version", current)
}

/// The active user with this id, as caches hold it.
pub(crate) async fn load(db: &Db, user: UserId) -> Result<Option<Loaded>, ApiError> {
    let Some(user) = by_id(db, user).await? else { return Ok(None) };
    let value = serde_json::to_vec(&user).map_err(ApiError::internal)?;
    Ok(Some(Loaded { version: user.version, value }))
}
