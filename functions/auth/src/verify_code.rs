//! Try a code: to make an address one's own, or to see whether a new password may be chosen with it.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::{FieldErrors, Json},
    route::{Auth, Rate, Secret},
    store::{
        accounts::{self, User},
        email_codes,
    },
    text::Text,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    codes::{self, FlowToken, Keyring, PurposeWord},
    error::AccountError,
    fields::{Attempt, Email},
    own,
    session::UserOut,
};

/// `POST /api/v1/auth/verify-code`.
pub const ROUTE: Route = Route::post("auth-verify-code", "/api/v1/auth/verify-code")
    .auth(Auth::Optional)
    .rate(Rate::Auth)
    .secrets(&[Secret::SigningKey])
    .docs(|operation| {
        operation
            .about(
                "Verify an e-mail address, or try a code",
                "`verify_email` needs the player whom the code was sent for; it uses the code up, and the address is theirs. `reset_password` only says whether the code is right. Five wrong tries, and a code is of no more use. Replacing a verified address takes the `password`, or where there is none a session opened within 15 minutes.",
            )
            .body::<VerifyIn>(json!({"purpose": "verify_email", "email": "lin@example.org", "code": "20481632"}))
            .answers::<VerifiedOut>(200, "The code is right.")
            .fails(Code::Forbidden, &["WRONG_PASSWORD", "REAUTHENTICATE"])
            .fails(Code::ValidationFailed, &["WRONG_CODE"])
    })
    .build(|| post(verify));

/// A code, and what it was sent for and to.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct VerifyIn {
    purpose: PurposeWord,
    email: Email,
    code: codes::Code,
    /// For `reset_password`: from the answer of `auth-send-verification-code`.
    #[deserr(default)]
    flow_token: Option<FlowToken>,
    /// For `verify_email`, where it replaces a verified address of an account that has a password.
    #[deserr(default)]
    password: Option<Attempt>,
}

/// What came of a right code.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerifiedOut {
    /// Always true.
    verified: bool,
    /// The account with its address, for `verify_email`.
    user: Option<UserOut>,
}

async fn verify(player: Option<Player>, cx: Cx, Json(req): Json<VerifyIn>) -> Reply<VerifiedOut> {
    let (owner, found) = match req.purpose {
        PurposeWord::VerifyEmail => {
            let player = player.ok_or_else(ApiError::token_missing)?;
            let user = verify_email(&cx, &player, &req).await?;
            (Some(player.id), user.map(|user| (player.id, Some(user))))
        }
        PurposeWord::ResetPassword => (None, try_reset(&cx, &req).await?.map(|owner| (owner, None))),
    };
    let Some((owner, user)) = found else {
        audit::record(&cx, Event::failed(Kind::CodeVerify, "wrong_code").user(owner));
        return Err(AccountError::WrongCode.into());
    };
    audit::record(&cx, Event::ok(Kind::CodeVerify).user(owner));
    Answer::ok(&VerifiedOut { verified: true, user: user.as_ref().map(UserOut::from) })
}

async fn verify_email(cx: &Cx, player: &Player, req: &VerifyIn) -> Result<Option<User>, ApiError> {
    let user = accounts::by_id(cx.db(), player.id).await?.ok_or(AccountError::NoSuchUser)?;
    let is_another = user.email.is_none_or(|email| !email.eq_ignore_ascii_case(&req.email.0));
    if user.email_verified && is_another {
        // Whoever holds the address can choose a new password: a stolen session must not become that.
        own::prove(cx, player, req.password.as_ref()).await?;
    }
    let keyring = Keyring::of_user(cx, player.id)?;
    let code_hash = keyring.hash(&req.code)?;
    email_codes::verify_email(cx, player.id, &req.email.0, keyring.tried(cx, &code_hash)).await
}

async fn try_reset(cx: &Cx, req: &VerifyIn) -> Result<Option<platform::ids::UserId>, ApiError> {
    let flow = req.flow_token.as_ref().ok_or_else(|| {
        let text = Text::new("Required for reset_password.", "purpose 为 reset_password 时必填。");
        ApiError::invalid_field("flow_token", "required", text)
    })?;
    let keyring = Keyring::of_flow(cx, &req.email.0, flow)?;
    let code_hash = keyring.hash(&req.code)?;
    email_codes::try_code(cx.db(), keyring.tried(cx, &code_hash)).await
}
