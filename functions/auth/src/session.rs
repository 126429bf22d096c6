//! A signed-in device: what registering, logging in and refreshing all end in.

use chrono::{DateTime, Utc};
use platform::{
    ApiError, Cx,
    auth::token::ACCESS_TOKEN_S,
    ids::{SessionId, UserId},
    session::{NewSession, Session},
    store::{
        accounts::{Settings, User},
        devices,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    fields::{Device, Platform},
    mint,
    refresh_token::{self, RefreshToken},
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
    pub(crate) session_id: SessionId,
    /// What the access token permits.
    scope: [&'static str; 1],
    /// Whether this request created the account.
    pub(crate) is_new_user: bool,
    /// The account.
    pub(crate) user: UserOut,
}

impl SessionOut {
    /// The tokens of a stored session.
    ///
    /// # Errors
    /// 500 where the signing key is missing.
    pub(crate) fn of(
        cx: &Cx,
        session: &Session,
        token: &RefreshToken,
        user: &User,
        is_new_user: bool,
    ) -> Result<Self, ApiError> {
        Ok(Self {
            access_token: mint::access_token(cx, session)?,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_S,
            refresh_token: token.to_text(),
            refresh_expires_in: (session.expires_at - cx.now()).num_seconds(),
            session_id: session.session_id,
            scope: ["play"],
            is_new_user,
            user: user.into(),
        })
    }
}

/// An account as its owner sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserOut {
    pub(crate) user_id: UserId,
    username: String,
    email: Option<String>,
    email_verified: bool,
    is_guest: bool,
    locale: String,
    display_name: Option<String>,
    avatar_url: Option<String>,
    bio: Option<String>,
    country: Option<String>,
    timezone: Option<String>,
    settings: Settings,
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
            display_name: user.display_name.clone(),
            avatar_url: user.avatar_url.clone(),
            bio: user.bio.clone(),
            country: user.country.clone(),
            timezone: user.timezone.clone(),
            settings: user.settings.clone(),
            created_at: user.created_at,
            version: user.version,
        }
    }
}

/// A session about to be stored, and the token its owner gets.
pub(crate) struct Opening {
    new: NewSession,
    token: RefreshToken,
}

impl Opening {
    pub(crate) fn new(cx: &Cx, user: UserId, platform: Option<Platform>, device: Option<&Device>) -> Self {
        let (session_id, now) = (SessionId(cx.new_id()), cx.now());
        let token = RefreshToken::first(cx, user, session_id);
        let session = Session {
            user_id: user,
            session_id,
            platform: platform.unwrap_or(Platform::Other).as_str().to_owned(),
            device_id: device.map(|device| device.id.0.clone()),
            device_name: device.and_then(|device| device.name.as_ref()).map(|name| name.0.clone()),
            created_at: now,
            refreshed_at: now,
            expires_at: now + refresh_token::LIFE,
        };
        let new = NewSession { session, family_hash: token.family_hash(), refresh_hash: token.secret_hash() };
        Self { new, token }
    }

    /// Stores the session; then its tokens are good.
    ///
    /// # Errors
    /// 401 when the account is gone, 503 without the store of sessions.
    pub(crate) async fn open(self, cx: &Cx, user: &User, is_new_user: bool) -> Result<SessionOut, ApiError> {
        cx.open_session(&self.new).await?;
        let session = &self.new.session;
        if let Some(device) = &session.device_id {
            devices::remember(cx.db(), session.user_id, device, session.created_at).await?;
        }
        SessionOut::of(cx, &self.new.session, &self.token, user, is_new_user)
    }
}

/// Whether somebody has signed in to the account on this device. For an unknown account the same is looked up, in vain.
///
/// # Errors
/// 503 without Postgres.
pub(crate) async fn is_known_device(cx: &Cx, user: Option<UserId>, device: &Device) -> Result<bool, ApiError> {
    let user = user.unwrap_or_else(|| UserId(cx.new_id()));
    devices::is_known(cx.db(), user, &device.id.0).await
}
