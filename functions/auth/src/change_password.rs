//! Choose a new password knowing the old one. This device stays signed in, all others do not.
//!
//! The others are revoked before the new password is set and once more after it. A process that dies in between has signed
//! them out of an account whose password is the old one; the second time catches who came in with it meanwhile. A request
//! whose change is done already (the answer was lost) revokes again and is answered as the first would have been.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::{FieldErrors, Json},
    route::{Rate, SessionAccess},
    store::passwords,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    error::AccountError,
    fields::{Attempt, Password},
    own, password,
};

/// `POST /api/v1/auth/change-password`.
pub const ROUTE: Route = Route::post("auth-change-password", "/api/v1/auth/change-password")
    .rate(Rate::Auth)
    .memory_mb(512)
    .sessions(SessionAccess::Write)
    .docs(|operation| {
        operation
            .about(
                "Choose a new password",
                "Signs every other device out. May be repeated as it is if the answer was lost.",
            )
            .body::<ChangeIn>(json!({
                "current_password": "a long walk home", "new_password": "a longer walk home"
            }))
            .answers::<ChangedOut>(200, "The password is the new one; only this device is signed in.")
            .fails(Code::Forbidden, &["WRONG_PASSWORD"])
            .fails(Code::Conflict, &["NO_PASSWORD"])
    })
    .build(|| post(change));

/// The password that is, and the one that is to be.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct ChangeIn {
    current_password: Attempt,
    new_password: Password,
}

/// That it is done.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangedOut {
    /// Always true.
    changed: bool,
}

async fn change(me: Player, cx: Cx, Json(req): Json<ChangeIn>) -> Reply<ChangedOut> {
    let event = match change_of(&cx, &me, &req).await {
        Ok(()) => Event::ok(Kind::PasswordChange),
        Err((reason, error)) => {
            audit::record(&cx, Event::failed(Kind::PasswordChange, reason).user(me.id).session(me.session_id));
            return Err(error);
        }
    };
    audit::record(&cx, event.user(me.id).session(me.session_id));
    Answer::ok(&ChangedOut { changed: true })
}

/// For the log, and for the client.
type Refused = (&'static str, ApiError);

fn unavailable(error: ApiError) -> Refused {
    ("unavailable", error)
}

async fn change_of(cx: &Cx, me: &Player, req: &ChangeIn) -> Result<(), Refused> {
    let (password, new) = (&req.current_password.0, &req.new_password.0);
    // A login may hash the same password anew meanwhile: then it is looked at once more.
    for _ in 0..2 {
        let holder = passwords::of_user(cx.db(), me.id).await.map_err(unavailable)?;
        let holder = holder.ok_or_else(|| ("no_such_user", AccountError::NoSuchUser.into()))?;
        let stored = holder.secret.ok_or_else(|| ("no_password", AccountError::NoPassword.into()))?;
        req.new_password
            .unlike("new_password", &holder.username, holder.email.as_deref())
            .map_err(|error| ("weak_password", error))?;
        let is_current = own::try_password(cx, me, password, &stored).await.map_err(not_tried)?;
        if !is_current {
            // The change may be done already, and its answer lost.
            if !own::try_password(cx, me, new, &stored).await.map_err(not_tried)? {
                return Err(("wrong_password", AccountError::WrongPassword.into()));
            }
            cx.revoke_sessions(me.id, Some(me.session_id)).await.map_err(unavailable)?;
            return Ok(());
        }
        let hash = password::hash(cx, new).await.map_err(unavailable)?;
        cx.revoke_sessions(me.id, Some(me.session_id)).await.map_err(unavailable)?;
        if passwords::replace(cx.db(), me.id, &stored, &hash).await.map_err(unavailable)? {
            cx.revoke_sessions(me.id, Some(me.session_id)).await.map_err(unavailable)?;
            return Ok(());
        }
    }
    Err(("changed_meanwhile", AccountError::WrongPassword.into()))
}

fn not_tried(error: ApiError) -> Refused {
    (if error.code() == Code::RateLimited { "too_many_failures" } else { "unavailable" }, error)
}
