//! Create an account with a password, and sign the device in.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, Code, Cx, Reply, Route,
    http::{FieldErrors, Json, word::LocaleWord},
    ids::UserId,
    route::{Auth, Rate, Secret, SessionAccess},
    store::accounts::{self, User},
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    error::AccountError,
    fields::{Device, Email, Password, Platform, Username},
    password,
    password_login::{self, Tried},
    session::{Opening, SessionOut},
};

/// `POST /api/v1/auth/register`.
pub const ROUTE: Route = Route::post("auth-register", "/api/v1/auth/register")
    .auth(Auth::Public)
    .rate(Rate::Auth)
    .secrets(&[Secret::SigningKey])
    .memory_mb(512)
    .sessions(SessionAccess::Write)
    .docs(|operation| {
        operation
            .about(
                "Create an account and sign in",
                "Repeating a registration with the right password signs in instead (200). A taken name is a public 409; whether an e-mail address is known is never revealed.",
            )
            .body::<RegisterIn>(json!({
                "username": "lin_an", "email": "lin@example.org", "password": "a long walk home",
                "platform": "unity", "device": {"id": "d-1", "name": "Pixel"}, "locale": "zh-CN"
            }))
            .answers::<SessionOut>(201, "Created and signed in.")
            .answers::<SessionOut>(200, "The account was there and the password is right: signed in.")
            .fails(Code::Conflict, &["USERNAME_TAKEN"])
    })
    .build(|| post(register));

/// A new account.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct RegisterIn {
    username: Username,
    /// Optional; a claim until it is verified.
    #[deserr(default)]
    email: Option<Email>,
    password: Password,
    #[deserr(default)]
    platform: Option<Platform>,
    #[deserr(default)]
    device: Option<Device>,
    /// The language of the account; that of the request when not given.
    #[deserr(default)]
    locale: Option<LocaleWord>,
}

async fn register(cx: Cx, Json(req): Json<RegisterIn>) -> Reply<SessionOut> {
    let locale = req.locale.map_or(cx.locale(), |LocaleWord(locale)| locale);
    let mut user = User::new(UserId(cx.new_id()), req.username.0, locale, cx.now());
    user.email = req.email.map(|email| email.0);
    req.password.unlike("password", &user.username, user.email.as_deref())?;
    let hash = password::hash(&cx, &req.password.0).await?;
    if accounts::create(cx.db(), &user, &hash).await? {
        let opening = Opening::new(&cx, user.user_id, req.platform, req.device.as_ref());
        let opened = opening.open(&cx, &user, true).await?;
        audit::record(&cx, Event::ok(Kind::Register).user(user.user_id).session(opened.session_id));
        return Answer::created(&opened);
    }
    // The name exists. For its owner this is a repeated request, for anyone else a taken name.
    let tried = Tried { identifier: &user.username, password: &req.password.0, device: req.device.as_ref() };
    let known = password_login::prove(&cx, Kind::Register, tried).await?.ok_or(AccountError::UsernameTaken)?;
    let opening = Opening::new(&cx, known.user.user_id, req.platform, req.device.as_ref());
    let opened = known.open(&cx, opening).await?.ok_or(AccountError::UsernameTaken)?;
    audit::record(&cx, Event::ok(Kind::Login).user(known.user.user_id).session(opened.session_id));
    Answer::ok(&opened)
}
