//! Choose a new password with a code from one's mail.
//!
//! Doors are closed before one is opened: the code is tried, the old password is taken out of use, every session is revoked,
//! and only then does one statement use the code up and set the new password. A process that dies in between leaves fewer
//! ways in than there were, and a code that is still good: the same request again does the rest.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    http::{FieldErrors, Json},
    ids::UserId,
    route::{Auth, Rate, Secret, SessionAccess},
    store::{email_codes, passwords},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    codes::{self, Keyring},
    error::AccountError,
    fields::{Email, Password},
    password,
};

/// `POST /api/v1/auth/reset-password`.
pub const ROUTE: Route = Route::post("auth-reset-password", "/api/v1/auth/reset-password")
    .auth(Auth::Public)
    .rate(Rate::Auth)
    .secrets(&[Secret::SigningKey])
    .memory_mb(512)
    .sessions(SessionAccess::Write)
    .docs(|operation| {
        operation
            .about(
                "Choose a new password with a code",
                "Uses the code up and signs every device out; then log in with the new password. If the request breaks off, send it again: the code is good until it was used.",
            )
            .body::<ResetIn>(json!({
                "email": "lin@example.org", "flow_token": "pQ0m2vGq1mJ3nV6kY8sT1w", "code": "20481632",
                "new_password": "a longer walk home"
            }))
            .answers::<ResetOut>(200, "The password is the new one, and nobody is signed in.")
            .fails(Code::ValidationFailed, &["WRONG_CODE"])
    })
    .build(|| post(reset));

/// The code, the address it was sent to, and the new password.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct ResetIn {
    email: Email,
    /// From the answer of `auth-send-verification-code`.
    flow_token: codes::FlowToken,
    code: codes::Code,
    new_password: Password,
}

/// That it is done.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResetOut {
    /// Always true.
    reset: bool,
}

async fn reset(cx: Cx, Json(req): Json<ResetIn>) -> Reply<ResetOut> {
    match reset_of(&cx, &req).await? {
        Ok(user) => {
            audit::record(&cx, Event::ok(Kind::PasswordReset).user(user));
            Answer::ok(&ResetOut { reset: true })
        }
        Err(user) => {
            audit::record(&cx, Event::failed(Kind::PasswordReset, "wrong_code").user(user));
            Err(AccountError::WrongCode.into())
        }
    }
}

/// Whose password was reset; for a wrong code whose it would have been, if that is known.
async fn reset_of(cx: &Cx, req: &ResetIn) -> Result<Result<UserId, Option<UserId>>, ApiError> {
    let keyring = Keyring::of_flow(cx, &req.email.0, &req.flow_token)?;
    let code_hash = keyring.hash(&req.code)?;
    let tried = || keyring.tried(cx, &code_hash);
    let Some(user) = email_codes::try_code(cx.db(), tried()).await? else { return Ok(Err(None)) };
    // Only who has the code comes here, so what is said of the account is said to its owner.
    let Some(holder) = passwords::of_user(cx.db(), user).await? else { return Ok(Err(Some(user))) };
    req.new_password.unlike("new_password", &holder.username, holder.email.as_deref())?;
    let hash = password::hash(cx, &req.new_password.0).await?;
    if !email_codes::close_password(cx.db(), user, &req.email.0, tried()).await? {
        return Ok(Err(Some(user)));
    }
    cx.revoke_sessions(user, None).await?;
    let done = email_codes::reset_password(cx, user, &req.email.0, tried(), &hash).await?;
    Ok(if done { Ok(user) } else { Err(Some(user)) })
}
