//! A signed-in device: what `register` and `login` both end in.

use chrono::{DateTime, Utc};
use platform::{
    ApiError, Cx,
    auth::token::ACCESS_TOKEN_S,
    ids::{SessionId, UserId},
    store::accounts::{self, NewSession, User},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    fields::{Device, Platform},
    mint::{self, REFRESH_TOKEN_LIFE},
};

/// A session and its tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionOut {
    /// Send as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// Opaque; keep it where only the app can read it.
    refresh_token: String,
    /// Seconds until the refresh token expires.
    refresh_expires_in: i64,
    /// This signed-in device.
    session_id: SessionId,
    /// What the access token permits.
    scope: [&'static str; 1],
    /// Whether this request created the account.
    is_new_user: bool,
    /// The account.
    user: UserOut,
}

/// An account as its owner sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserOut {
    user_id: UserId,
    username: String,
    email: Option<String>,
    email_verified: bool,
    is_guest: bool,
    locale: String,
    created_at: DateTime<Utc>,
    version: i64,
}

impl From<&User> for UserOut {
    fn from(user: &User) -> Self {
        Self {
            user_id: user.user_id,
            username: user.username.clone(),
            email: user.email.clone(),
            email_verified: user.email_verified,
            is_guest: user.is_guest,
            locale: user.locale.clone(),
            created_at: user.created_at,
            version: user.version,
        }
    }
}

/// A session about to be stored, and the secret its owner gets.
pub(crate) struct Opening {
    pub(crate) session: NewSession,
    refresh_token: String,
}

impl Opening {
    pub(crate) fn new(cx: &Cx, platform: Option<Platform>, device: Option<&Device>) -> Self {
        let (refresh_token, refresh_hash) = mint::refresh_token(cx);
        let now = cx.now();
        let session = NewSession {
            session_id: SessionId(cx.new_id()),
            refresh_hash,
            refresh_expires_at: now + REFRESH_TOKEN_LIFE,
            platform: platform.unwrap_or(Platform::Other).as_str().to_owned(),
            device_id: device.map(|device| device.id.0.clone()),
            device_name: device.and_then(|device| device.name.as_ref()).map(|name| name.0.clone()),
            created_at: now,
        };
        Self { session, refresh_token }
    }

    /// The answer once the session is stored.
    pub(crate) fn opened(self, cx: &Cx, user: &User, is_new_user: bool) -> Result<SessionOut, ApiError> {
        let session = &self.session;
        Ok(SessionOut {
            access_token: mint::access_token(cx, user.user_id, session.session_id, &session.platform)?,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_S,
            refresh_token: self.refresh_token,
            refresh_expires_in: REFRESH_TOKEN_LIFE.num_seconds(),
            session_id: session.session_id,
            scope: ["play"],
            is_new_user,
            user: user.into(),
        })
    }
}

/// Signs every device of the player out but `except`, at once.
///
/// # Errors
/// 503 when the sessions cannot be reached.
pub(crate) async fn revoke_all(cx: &Cx, user: UserId, except: Option<SessionId>) -> Result<(), ApiError> {
    accounts::close_sessions(cx.db(), user, except).await
}

/// Whether this device has signed in to the account before. For an unknown account the same is looked up, in vain.
///
/// # Errors
/// 503 when the sessions cannot be reached.
pub(crate) async fn is_known_device(cx: &Cx, user: Option<UserId>, device: &Device) -> Result<bool, ApiError> {
    let user = user.unwrap_or_else(|| UserId(cx.new_id()));
    accounts::is_known_device(cx.db(), user, &device.id.0).await
}
