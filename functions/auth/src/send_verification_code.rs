//! Send a code by e-mail: to verify an address, or to reset a password.
//!
//! The answer and the work are the same whether the address is known or not: one look at the accounts, one mail, one row.
//! Only the mail differs, and only whoever has the address reads it. It is sent before the row is written, so where no mail
//! leaves, the code before stays good.

use std::time::Duration;

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Cx, Reply, Route,
    auth::Player,
    cache::{limit::Quota, rate::Subject},
    http::{FieldErrors, Json},
    ids::UserId,
    route::{Auth, Rate, Secret},
    store::email_codes::{self, NewCode, Purpose},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    codes::{self, FlowToken, Keyring, LIFE, PurposeWord},
    fields::Email,
    mail::{self, Letter, Mail, Mailer as _, Untaken},
};

/// `POST /api/v1/auth/send-verification-code`.
pub const ROUTE: Route = Route::post("auth-send-verification-code", "/api/v1/auth/send-verification-code")
    .auth(Auth::Optional)
    .rate(Rate::Auth)
    .secrets(&[Secret::SigningKey, Secret::Mail])
    .timeout_s(15)
    .docs(|operation| {
        operation
            .about(
                "Send a code by e-mail",
                "`verify_email` needs a player, whose address this is to become; `reset_password` needs none, and answers a `flow_token` that goes with the code. The answer is the same whether the address is known or not. At most one mail a minute and five an hour to one address.",
            )
            .body::<SendIn>(json!({"purpose": "reset_password", "email": "lin@example.org"}))
            .answers::<SentOut>(200, "A mail is on its way.")
    })
    .build(|| post(send));

/// Seconds between two mails to one address.
const PAUSE_S: u64 = 60;

/// Mails to one address in quick succession.
const ADDRESS_PAUSE: Quota = Quota::new("code-address-pause", 1, Duration::from_secs(PAUSE_S));
/// Mails to one address: five an hour.
const ADDRESS: Quota = Quota::new("code-address", 5, Duration::from_secs(720));
/// Mails that one player has sent, to whatever addresses.
const PLAYER: Quota = Quota::new("code-player", 5, Duration::from_secs(720));
/// Mails that one client address has sent: 20 an hour, for many people may share one.
const CLIENT: Quota = Quota::new("code-client", 20, Duration::from_secs(180));

/// What for, and to which address.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct SendIn {
    purpose: PurposeWord,
    email: Email,
}

/// When the code runs out, and when another can be had.
#[derive(Serialize, ToSchema)]
pub(crate) struct SentOut {
    /// Seconds for which the code is good.
    expires_in: i64,
    /// Seconds after which another code can be asked for.
    resend_after: u64,
    /// For `reset_password`: send it with the code. Null for `verify_email`.
    flow_token: Option<FlowToken>,
}

async fn send(player: Option<Player>, cx: Cx, Json(req): Json<SendIn>) -> Reply<SentOut> {
    let for_player = match req.purpose {
        PurposeWord::VerifyEmail => Some(player.ok_or_else(ApiError::token_missing)?.id),
        PurposeWord::ResetPassword => None,
    };
    mail::address(&req.email)?;
    let counts = counts(&cx, for_player, &req.email.0);
    for (place, (quota, subject)) in counts.iter().enumerate() {
        if let Err(refused) = cx.limit(quota, *subject).await {
            give_back(&cx, &counts[..place]).await;
            audit::record(&cx, Event::failed(Kind::CodeSend, "too_many_mails").user(for_player));
            return Err(refused);
        }
    }
    let flow = FlowToken::fresh(&cx);
    let sent = send_one(&cx, for_player, &req.email, &flow).await;
    let (event, sent) = match sent {
        Ok(()) => (Event::ok(Kind::CodeSend), Ok(())),
        // Whoever asks is not told: what is refused would tell which addresses exist elsewhere.
        Err(Failed::Mail(Untaken::Refused)) => (Event::failed(Kind::CodeSend, "mail_refused"), Ok(())),
        Err(Failed::Mail(away @ Untaken::Away(_))) => (Event::failed(Kind::CodeSend, "mail_away"), Err(away.into())),
        Err(Failed::Store(error)) => (Event::failed(Kind::CodeSend, "unavailable"), Err(error)),
    };
    audit::record(&cx, event.user(for_player));
    if sent.is_err() {
        give_back(&cx, &counts).await;
    }
    sent?;
    let flow_token = for_player.is_none().then_some(flow);
    Answer::ok(&SentOut { expires_in: LIFE.num_seconds(), resend_after: PAUSE_S, flow_token })
}

/// What a mail counts against.
fn counts(cx: &Cx, player: Option<UserId>, email: &str) -> Vec<(&'static Quota, Subject)> {
    let to = Subject::named(&email.to_ascii_lowercase());
    let player = player.map(|id| (&PLAYER, Subject::User(id)));
    let others = [(&CLIENT, Subject::of_address(cx.client_ip())), (&ADDRESS_PAUSE, to), (&ADDRESS, to)];
    player.into_iter().chain(others).collect()
}

async fn give_back(cx: &Cx, counts: &[(&Quota, Subject)]) {
    for (quota, subject) in counts {
        cx.give_back(quota, *subject).await;
    }
}

/// Why no code is on its way.
enum Failed {
    Mail(Untaken),
    Store(ApiError),
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::Store(error)
    }
}

async fn send_one(cx: &Cx, player: Option<UserId>, email: &Email, flow: &FlowToken) -> Result<(), Failed> {
    let known = email_codes::addressee(cx.db(), &email.0).await?;
    let code = codes::Code::fresh(cx);
    let code_for = |purpose| Letter::Code { purpose, code: code.as_str(), minutes: LIFE.num_minutes() };
    // A code with no user is nobody's: it was not sent, and nothing can be done with it.
    let (keyring, letter, user) = match (player, &known) {
        (Some(id), Some(known)) if known.user_id != id => (Keyring::of_user(cx, id)?, Letter::TakenElsewhere, None),
        (Some(id), _) => (Keyring::of_user(cx, id)?, code_for(Purpose::VerifyEmail), Some(id)),
        (None, Some(known)) => {
            (Keyring::of_flow(cx, &email.0, flow)?, code_for(Purpose::ResetPassword), Some(known.user_id))
        }
        (None, None) => (Keyring::of_flow(cx, &email.0, flow)?, Letter::NoAccount, None),
    };
    // To the address as the account has it: two spellings that Postgres takes for one need not be one mailbox.
    let stored = known.filter(|_| player.is_none()).and_then(|known| known.email).map(Email);
    let mail = Mail::new(cx, mail::address(stored.as_ref().unwrap_or(email))?, letter);
    mail::mailer(cx).send(&mail).await.map_err(Failed::Mail)?;
    let code_hash = keyring.hash(&code)?;
    let tried = keyring.tried(cx, &code_hash);
    let new = NewCode { code: tried, user, email: player.map(|_| email.0.as_str()), expires_at: tried.at + LIFE };
    Ok(email_codes::put(cx.db(), new).await?)
}
