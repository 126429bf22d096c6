//! Create an account with a password, and sign the device in.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, Code, Cx, Reply, Route,
    http::{FieldErrors, Json, word::LocaleWord},
    ids::UserId,
    route::{Auth, Rate},
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
    .memory_mb(512)
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
    let user = User {
        user_id: UserId(cx.new_id()),
        username: req.username.0,
        email: req.email.map(|email| email.0),
        email_verified: false,
        is_guest: false,
        locale: locale.as_str().to_owned(),
        version: 1,
        created_at: cx.now(),
    };
    req.password.unlike("password", &user.username, user.email.as_deref())?;
    let device = req.device.as_ref();
    let opening = Opening::new(&cx, req.platform, device);
    let session_id = opening.session.session_id;
    let hash = password::hash(&cx, &req.password.0).await?;
    if accounts::create(cx.db(), &user, &hash, &opening.session).await? {
        audit::record(&cx, Event::ok(Kind::Register).user(user.user_id).session(session_id));
        return Answer::created(&opening.opened(&cx, &user, true)?);
    }
    // The name exists. For its owner this is a repeated request, for anyone else a taken name.
    let tried = Tried { identifier: &user.username, password: &req.password.0, device };
    let known = password_login::prove(&cx, Kind::Register, tried).await?.ok_or(AccountError::UsernameTaken)?;
    accounts::open_session(cx.db(), known.user_id, &opening.session).await?;
    audit::record(&cx, Event::ok(Kind::Login).user(known.user_id).session(session_id));
    Answer::ok(&opening.opened(&cx, &known, false)?)
}
