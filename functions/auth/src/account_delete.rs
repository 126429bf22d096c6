//! Delete one's account and everything that is held of it.

use axum::routing::delete;
use chrono::TimeDelta;
use deserr::Deserr;
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    deletion,
    http::{FieldErrors, Json},
    route::SessionAccess,
    session::SessionStore as _,
    store::accounts,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{error::AccountError, login::Attempt, password};

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

/// How old the session of an account without a password may be.
const FRESH: TimeDelta = TimeDelta::minutes(15);

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
    let secret = accounts::password_of(cx.db(), me.id).await?;
    match (secret, req.password) {
        (Some(secret), Some(attempt)) if password::verify(&cx, &attempt.0, Some(secret.clone())).await? => {}
        (Some(_), _) => return Err(AccountError::WrongPassword.into()),
        (None, _) => {
            let session = cx.sessions().get(me.id, me.session_id, cx.now()).await?;
            if session.is_none_or(|session| cx.now() - session.created_at > FRESH) {
                return Err(AccountError::Reauthenticate.into());
            }
        }
    }
    Answer::ok(&Deleted { closed: true, deleted: deletion::delete(&cx, me.id).await? })
}
