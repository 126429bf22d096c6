//! Sign a device in.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    http::{Broken, FieldErrors, Json},
    route::{Auth, Rate, SessionAccess},
    store::accounts,
    text::Text,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    error::AccountError,
    fields::{Device, Identifier, Platform},
    password,
    session::{Opening, SessionOut},
};

/// `POST /api/v1/auth/login`.
pub const ROUTE: Route = Route::post("auth-login", "/api/v1/auth/login")
    .auth(Auth::Public)
    .rate(Rate::Auth)
    .holds_signing_key()
    .memory_mb(512)
    .sessions(SessionAccess::Write)
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

/// A password as tried: any text of at most 1,024 bytes, for rules may have been others when it was chosen.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(try_from(String) = Attempt::parse -> Broken)]
#[schema(value_type = String, max_length = 1024, format = Password)]
pub(crate) struct Attempt(pub(crate) secrecy::SecretString);

impl Attempt {
    fn parse(text: String) -> Result<Self, Broken> {
        if text.len() <= 1024 {
            return Ok(Self(text.into()));
        }
        Err(Broken::new("length", Text::new("Must be at most 1024 bytes.", "不得超过 1024 字节。")))
    }
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
    let (platform, device) = (req.platform, req.device.clone());
    let credentials = req.credentials()?;
    let (user, stored) = accounts::by_identifier(cx.db(), &credentials.identifier.0).await?.unzip();
    if !password::verify(&cx, &credentials.password.0, stored).await? {
        return Err(AccountError::WrongCredentials.into());
    }
    let user = user.ok_or(AccountError::WrongCredentials)?;
    Answer::ok(&Opening::new(&cx, user.user_id, platform, device.as_ref()).open(&cx, &user, false).await?)
}
