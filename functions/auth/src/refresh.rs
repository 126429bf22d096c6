//! New tokens for a signed-in device.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, Code, Cx, Reply, Route,
    http::{Broken, FieldErrors, Json},
    route::{Auth, Rate, Secret, SessionAccess},
    session::{Refreshed, SessionStore as _},
    store::accounts,
    text::Text,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    error::AccountError,
    refresh_token::RefreshToken,
    session::SessionOut,
};

/// `POST /api/v1/auth/refresh`.
pub const ROUTE: Route = Route::post("auth-refresh", "/api/v1/auth/refresh")
    .auth(Auth::Public)
    .rate(Rate::Public)
    .secrets(&[Secret::SigningKey])
    .sessions(SessionAccess::Write)
    .docs(|operation| {
        operation
            .about(
                "New tokens for a signed-in device",
                "A refresh token is good for one use. Repeating the request within 10 seconds gives the same refresh token \
                 again, so a lost answer costs nothing; using an older one ends the session (REFRESH_REUSED), for somebody \
                 else has a copy.",
            )
            .body::<RefreshIn>(json!({"refresh_token": "rlr_…"}))
            .answers::<SessionOut>(200, "New tokens; the old refresh token is replaced.")
            .fails(Code::Unauthorized, &["REFRESH_INVALID", "REFRESH_REUSED"])
    })
    .build(|| post(refresh));

/// What a device has kept.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct RefreshIn {
    refresh_token: Presented,
}

/// A refresh token as sent: any text of at most 256 bytes.
#[derive(Deserr, ToSchema)]
#[deserr(try_from(String) = Presented::parse -> Broken)]
#[schema(value_type = String, max_length = 256, format = Password)]
struct Presented(secrecy::SecretString);

impl Presented {
    fn parse(text: String) -> Result<Self, Broken> {
        if text.len() <= 256 {
            return Ok(Self(text.into()));
        }
        Err(Broken::new("length", Text::new("Must be at most 256 bytes.", "不得超过 256 字节。")))
    }
}

/// A label that an alert goes by.
const REUSED: &str = "refresh_reused";

async fn refresh(cx: Cx, Json(req): Json<RefreshIn>) -> Reply<SessionOut> {
    use secrecy::ExposeSecret as _;
    let refused = |reason, error: AccountError| {
        audit::record(&cx, Event::failed(Kind::Refresh, reason));
        error
    };
    let unknown = || refused("refresh_invalid", AccountError::RefreshInvalid);
    let presented = RefreshToken::parse(req.refresh_token.0.expose_secret()).ok_or_else(unknown)?;
    let (turn, successor) = presented.turn(&cx)?;
    let (session, token) = match cx.sessions().refresh(presented.user, presented.session, &turn).await? {
        Refreshed::Turned(session) => (session, successor),
        Refreshed::Again(session, salt) => (session, presented.successor(&salt)?),
        Refreshed::Unknown => return Err(unknown().into()),
        Refreshed::Reused(session) => {
            let event = Event::failed(Kind::Refresh, REUSED);
            audit::record(&cx, event.user(session.user_id).session(session.session_id));
            cx.revoke_session(session.user_id, session.session_id).await?;
            return Err(AccountError::RefreshReused.into());
        }
    };
    let user = accounts::by_id(cx.db(), session.user_id).await?.ok_or_else(unknown)?;
    cx.vouch_for(&session).await;
    audit::record(&cx, Event::ok(Kind::Refresh).user(user.user_id).session(session.session_id));
    Answer::ok(&SessionOut::of(&cx, &session, &token, &user, false)?)
}
