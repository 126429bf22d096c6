//! Sign a device in.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    http::{FieldErrors, Json},
    route::{Auth, Rate},
    store::accounts,
    text::Text,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    error::AccountError,
    fields::{Attempt, Device, Identifier, Platform},
    password_login::{self, Tried},
    session::{Opening, SessionOut},
};

/// `POST /api/v1/auth/login`.
pub const ROUTE: Route = Route::post("auth-login", "/api/v1/auth/login")
    .auth(Auth::Public)
    .rate(Rate::Auth)
    .memory_mb(512)
    .docs(|operation| {
        operation
            .about(
                "Sign in",
                "By name (or verified e-mail address) and password. `{username, password}` alone is a password login.",
            )
            .body::<LoginIn>(json!({
                "login_type": "password", "credentials": {"identifier": "lin_an", "password": "a long walk home"},
                "platform": "web", "device": {"id": "d-2", "name": "Firefox"}
            }))
            .answers::<SessionOut>(200, "Signed in.")
            .fails(Code::Unauthorized, &["WRONG_CREDENTIALS"])
    })
    .build(|| post(login));

/// Either `login_type` with `credentials`, or `username` and `password` alone.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct LoginIn {
    #[deserr(default)]
    login_type: Option<LoginType>,
    #[deserr(default)]
    credentials: Option<Credentials>,
    #[deserr(default)]
    username: Option<Identifier>,
    #[deserr(default)]
    password: Option<Attempt>,
    #[deserr(default)]
    platform: Option<Platform>,
    #[deserr(default)]
    device: Option<Device>,
}

/// How a player proves who they are.
#[derive(Debug, Clone, Copy, Deserr, ToSchema)]
#[deserr(error = FieldErrors, rename_all = lowercase)]
#[schema(rename_all = "lowercase")]
pub(crate) enum LoginType {
    Password,
}

/// A name or verified e-mail address, and the password.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct Credentials {
    identifier: Identifier,
    password: Attempt,
}

impl LoginIn {
    fn credentials(self) -> Result<Credentials, ApiError> {
        // The one way there is so far; others join here.
        let LoginType::Password = self.login_type.unwrap_or(LoginType::Password);
        match (self.credentials, self.username, self.password) {
            (Some(credentials), None, None) => Ok(credentials),
            (None, Some(identifier), Some(password)) => Ok(Credentials { identifier, password }),
            _ => {
                let text = Text::new(
                    "Send either `credentials` or `username` and `password`.",
                    "请发送 credentials，或 username 与 password。",
                );
                Err(ApiError::invalid_field("credentials", "required", text))
            }
        }
    }
}

async fn login(cx: Cx, Json(req): Json<LoginIn>) -> Reply<SessionOut> {
    let device = req.device.clone();
    let device = device.as_ref();
    let opening = Opening::new(&cx, req.platform, device);
    let credentials = req.credentials()?;
    let tried = Tried { identifier: &credentials.identifier.0, password: &credentials.password.0, device };
    let user = password_login::prove(&cx, Kind::Login, tried).await?.ok_or(AccountError::WrongCredentials)?;
    accounts::open_session(cx.db(), user.user_id, &opening.session).await?;
    audit::record(&cx, Event::ok(Kind::Login).user(user.user_id).session(opening.session.session_id));
    Answer::ok(&opening.opened(&cx, &user, false)?)
}
