//! Sign a device in.

mod input;
mod schema;

use axum::routing::post;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    http::Json,
    route::{Auth, Rate, Secret, SessionAccess},
};
use serde_json::json;

use self::input::{LoginIn, PasswordCredentials, Way};
use crate::{
    audit::{self, Event, Kind},
    error::AccountError,
    fields::{Device, Platform},
    oauth::{self, Identity},
    password_login::{self, Tried},
    session::{Opening, SessionOut},
};

/// `POST /api/v1/auth/login`.
pub const ROUTE: Route = Route::post("auth-login", "/api/v1/auth/login")
    .auth(Auth::Public)
    .rate(Rate::Auth)
    .secrets(&[Secret::SigningKey, Secret::OauthProviders])
    .memory_mb(512)
    .sessions(SessionAccess::Write)
    .docs(|operation| {
        operation
            .about(
                "Sign in",
                "By name (or verified e-mail address) and password; `{username, password}` alone is a password login. Or as a `guest`, by a secret that the device makes and keeps; `auth-link` makes a full account of it. Or by somebody else's word: `oauth` ends what `auth-oauth-start` began, `wechat_code`, `alipay_code` and `douyin_code` take the code that a mini-program got from its platform. A first sign-in of that kind creates the account (`is_new_user`). Codes and states work once: after any refusal, and after OAUTH_PROVIDER_UNAVAILABLE too, begin again.",
            )
            .body::<LoginIn>(json!({
                "login_type": "password", "credentials": {"identifier": "lin_an", "password": "a long walk home"},
                "platform": "web", "device": {"id": "d-2", "name": "Firefox"}
            }))
            .answers::<SessionOut>(200, "Signed in.")
            .fails(
                Code::Unauthorized,
                &[
                    "WRONG_CREDENTIALS",
                    "OAUTH_STATE_INVALID",
                    "OAUTH_CODE_REFUSED",
                    "OAUTH_ANSWER_INVALID",
                    "ACCOUNT_CLOSED",
                ],
            )
            .fails(Code::ServiceUnavailable, &["OAUTH_PROVIDER_UNAVAILABLE"])
    })
    .build(|| post(login));

async fn login(cx: Cx, Json(req): Json<LoginIn>) -> Reply<SessionOut> {
    let (platform, device) = (req.platform, req.device.as_ref());
    let opened = match req.way {
        Way::Password(PasswordCredentials { identifier, password }) => {
            let tried = Tried { identifier: &identifier.0, password: &password.0, device };
            let proved = password_login::prove(&cx, Kind::Login, tried).await?.ok_or(AccountError::WrongCredentials)?;
            let opening = Opening::new(&cx, proved.user.user_id, platform, device);
            proved.open(&cx, opening).await?.ok_or(AccountError::WrongCredentials)?
        }
        Way::Guest(credentials) => open(&cx, &credentials.identity(), platform, device).await?,
        Way::Others(proof) => open(&cx, &oauth::identify(&cx, &proof).await?, platform, device).await?,
    };
    let event = Event::ok(if opened.is_new_user { Kind::Register } else { Kind::Login });
    audit::record(&cx, event.user(opened.user.user_id).session(opened.session_id));
    Answer::ok(&opened)
}

/// Signs in whoever has this identity; the first time, the account is made.
async fn open(
    cx: &Cx,
    identity: &Identity,
    platform: Option<Platform>,
    device: Option<&Device>,
) -> Result<SessionOut, ApiError> {
    let (user, is_new) = oauth::account(cx, identity).await?;
    Opening::new(cx, user.user_id, platform, device).open(cx, &user, is_new).await
}
