//! Choose a new password knowing the old one. This device stays signed in, all others do not.
//!
//! The others are revoked before the new password is set and once more after it. A process that dies in between has signed
//! them out of an account whose password is the old one; the second time catches who came in with it meanwhile. A request
//! whose change is done already (the answer was lost) revokes again and is answered as the first would have been.

use std::time::Duration;

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    cache::{limit::Quota, rate::Subject},
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
    password::{self, Verdict},
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

/// Failures of one account: 5, then 5 an hour. Whoever fails here holds an access token of the account.
pub(crate) const FAILURES: Quota = Quota::new("password-change", 5, Duration::from_secs(720));

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
    let holder = passwords::of_user(cx.db(), me.id).await.map_err(unavailable)?;
    let holder = holder.ok_or_else(|| ("no_such_user", AccountError::NoSuchUser.into()))?;
    let stored = holder.secret.ok_or_else(|| ("no_password", AccountError::NoPassword.into()))?;
    req.new_password
        .unlike("new_password", &holder.username, holder.email.as_deref())
        .map_err(|error| ("weak_password", error))?;
    let subject = Subject::User(me.id);
    cx.limit(&FAILURES, subject).await.map_err(|error| ("too_many_failures", error))?;
    let (password, new) = (&req.current_password.0, &req.new_password.0);
    let current = password::verify(cx, password, Some(stored.clone())).await.map_err(unavailable)?;
    let is_done = current == Verdict::Wrong
        && password::verify(cx, new, Some(stored.clone())).await.map_err(unavailable)? != Verdict::Wrong;
    if current == Verdict::Wrong && !is_done {
        return Err(("wrong_password", AccountError::WrongPassword.into()));
    }
    cx.give_back(&FAILURES, subject).await;
    if !is_done {
        let hash = password::hash(cx, new).await.map_err(unavailable)?;
        cx.revoke_sessions(me.id, Some(me.session_id)).await.map_err(unavailable)?;
        if !passwords::replace(cx.db(), me.id, &stored, &hash).await.map_err(unavailable)? {
            return Err(("changed_meanwhile", AccountError::WrongPassword.into()));
        }
    }
    cx.revoke_sessions(me.id, Some(me.session_id)).await.map_err(unavailable)?;
    Ok(())
}
