//! What only the player may do, and not whoever holds one of their access tokens: it takes the password, or where the account
//! has none, a session that was just opened.

use std::time::Duration;

use chrono::TimeDelta;
use platform::{
    ApiError, Cx,
    auth::Player,
    cache::{limit::Quota, rate::Subject},
    session::SessionStore as _,
    store::passwords::{self, Holder},
};
use secrecy::SecretString;

use crate::{
    error::AccountError,
    fields::Attempt,
    password::{self, Verdict},
};

/// How old the session of an account without a password may be.
const FRESH: TimeDelta = TimeDelta::minutes(15);

/// Wrong passwords of one session: 5, then 5 an hour. By session, so that whoever fails on a stolen one does not keep the
/// owner, on another, from changing the password.
const FAILURES: Quota = Quota::new("password-own", 5, Duration::from_secs(720));

/// Whether this is the account's password. Failures are counted.
///
/// # Errors
/// 429 after too many failures, 503 when too many are hashing.
pub(crate) async fn try_password(
    cx: &Cx,
    me: &Player,
    password: &SecretString,
    stored: &str,
) -> Result<bool, ApiError> {
    let subject = Subject::named(&format!("{} {}", me.id, me.session_id));
    cx.limit(&FAILURES, subject).await?;
    let verdict = password::verify(cx, password, Some(stored.to_owned())).await;
    if !matches!(verdict, Ok(Verdict::Wrong)) {
        cx.give_back(&FAILURES, subject).await;
    }
    Ok(verdict? != Verdict::Wrong)
}

/// The account, if whoever holds this session is sure to be its owner.
///
/// # Errors
/// 403 WRONG_PASSWORD or REAUTHENTICATE, 401 when the account is gone; those of [`try_password`].
pub(crate) async fn prove(cx: &Cx, me: &Player, password: Option<&Attempt>) -> Result<Holder, ApiError> {
    let holder = passwords::of_user(cx.db(), me.id).await?.ok_or(AccountError::NoSuchUser)?;
    if let Some(stored) = &holder.secret {
        let password = password.ok_or(AccountError::WrongPassword)?;
        if try_password(cx, me, &password.0, stored).await? {
            return Ok(holder);
        }
        return Err(AccountError::WrongPassword.into());
    }
    let session = cx.sessions().get(me.id, me.session_id, cx.now()).await?;
    if session.is_none_or(|session| cx.now() - session.created_at > FRESH) {
        return Err(AccountError::Reauthenticate.into());
    }
    Ok(holder)
}
