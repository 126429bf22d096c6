//! Delete one's account and everything that is held of it.

use axum::routing::delete;
use deserr::Deserr;
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    deletion,
    http::{FieldErrors, Json},
    route::SessionAccess,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    fields::Attempt,
    own,
};

/// `DELETE /api/v1/auth/account`.
pub const ROUTE: Route = Route::delete("auth-account-delete", "/api/v1/auth/account")
    .memory_mb(512)
    .timeout_s(25)
    .sessions(SessionAccess::Write)
    .docs(|operation| {
        operation
            .about(
                "Delete one's account",
                "Everything is deleted, for ever and at once: account, sessions, characters and their lives. An account \
                 with a password asks for it; any other for a session that was opened within 15 minutes (REAUTHENTICATE).",
            )
            .body::<DeleteIn>(json!({"password": "a long walk home"}))
            .answers::<Deleted>(200, "Deleted; or closed, and deleted within minutes.")
            .fails(Code::Forbidden, &["WRONG_PASSWORD", "REAUTHENTICATE"])
    })
    .build(|| delete(delete_account));

/// The proof that it is you.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct DeleteIn {
    #[deserr(default)]
    password: Option<Attempt>,
}

/// What became of the account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Deleted {
    /// Always true: nobody can sign in any more.
    closed: bool,
    /// Whether everything is gone already; if not, it will be within minutes.
    deleted: bool,
}

async fn delete_account(me: Player, cx: Cx, Json(req): Json<DeleteIn>) -> Reply<Deleted> {
    if let Err(refused) = own::prove(&cx, &me, req.password.as_ref()).await {
        let reason = refused.reason_code().map_or("unavailable", |_| "not_proved");
        audit::record(&cx, Event::failed(Kind::AccountDelete, reason).user(me.id).session(me.session_id));
        return Err(refused);
    }
    let deleted = deletion::delete(&cx, me.id).await?;
    audit::record(&cx, Event::ok(Kind::AccountDelete).user(me.id).session(me.session_id));
    Answer::ok(&Deleted { closed: true, deleted })
}
