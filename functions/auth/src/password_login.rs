//! Proving by a password to be somebody, against those who guess.
//!
//! A try is counted before its password is hashed and given back when it was right, so only failures use a limit up, and no
//! number of concurrent tries is more. Failures are counted by the client's address and by the account; by the account twice
//! over: a device that has signed in to it before has a limit of its own, all others share one (OWASP's "device cookies"). So a
//! stranger who keeps failing locks out strangers, and not the owner. `device.id` is what tells devices apart: a client draws
//! it at random once and keeps it.
//!
//! Names are counted as they are typed, known or not: from what is refused nobody learns which exist, nor which name and
//! which address are of one account.

use std::time::Duration;

use platform::{
    ApiError, Cx,
    cache::{limit::Quota, rate::Subject},
    ids::UserId,
    store::{
        accounts::{self, User},
        passwords,
    },
};
use secrecy::SecretString;

use crate::{
    audit::{self, Event, Kind},
    fields::Device,
    password::{self, Verdict},
    session::{self, Opening, SessionOut},
};

/// Failures of one address, whatever the names: some 100 an hour, for many people may share one.
const ADDRESS: Quota = Quota::new("login-address", 50, Duration::from_secs(36));
/// Failures at one name from devices that are strange to it: 10, then 10 an hour.
const STRANGERS: Quota = Quota::new("login-strangers", 10, Duration::from_secs(360));
/// Failures at one account from one device that it knows: 10, then one a minute.
const DEVICE: Quota = Quota::new("login-device", 10, Duration::from_secs(60));

/// What somebody claims.
#[derive(Clone, Copy)]
pub(crate) struct Tried<'a> {
    /// A name or a verified address.
    pub(crate) identifier: &'a str,
    pub(crate) password: &'a SecretString,
    pub(crate) device: Option<&'a Device>,
}

/// Somebody whose password was right.
pub(crate) struct Proved {
    pub(crate) user: User,
    /// The hash that was compared with, and the password.
    secret: String,
    password: SecretString,
}

impl Proved {
    /// Opens a session, unless the password was changed or reset meanwhile: what that ends, a login that was under way must
    /// not begin again. `None` when it was.
    ///
    /// # Errors
    /// 401 when the account is gone, 503 without Postgres or the store of sessions.
    pub(crate) async fn open(&self, cx: &Cx, opening: Opening) -> Result<Option<SessionOut>, ApiError> {
        let opened = opening.open(cx, &self.user, false).await?;
        let now = passwords::of_user(cx.db(), self.user.user_id).await?.and_then(|holder| holder.secret);
        // Another login may have hashed the same password anew.
        let is_still = now.as_ref() == Some(&self.secret)
            || (now.is_some() && password::verify(cx, &self.password, now).await? != Verdict::Wrong);
        if is_still {
            return Ok(Some(opened));
        }
        cx.revoke_session(self.user.user_id, opened.session_id).await?;
        Ok(None)
    }
}

/// The account, if this is its password. A failure is written down as one of `kind`.
///
/// # Errors
/// 429 after too many failures, 503 when too many are hashing or without Postgres.
pub(crate) async fn prove(cx: &Cx, kind: Kind, tried: Tried<'_>) -> Result<Option<Proved>, ApiError> {
    let (user, stored) = accounts::by_identifier(cx.db(), tried.identifier).await?.unzip();
    let user_id = user.as_ref().map(|user| user.user_id);
    let counts = counts(cx, user_id, tried).await?;
    for (quota, subject) in &counts {
        if let Err(refused) = cx.limit(quota, *subject).await {
            audit::record(cx, Event::failed(kind, "too_many_failures").user(user_id));
            return Err(refused);
        }
    }
    let verdict = match password::verify(cx, tried.password, stored.clone()).await {
        Ok(verdict) => verdict,
        Err(busy) => {
            give_back(cx, &counts).await;
            audit::record(cx, Event::failed(kind, "busy").user(user_id));
            return Err(busy);
        }
    };
    let (Some(user), Some(stored), Verdict::Right | Verdict::RightButWeak) = (user, stored, verdict) else {
        let reason = if user_id.is_some() { "wrong_password" } else { "unknown_name" };
        audit::record(cx, Event::failed(kind, reason).user(user_id));
        return Ok(None);
    };
    give_back(cx, &counts).await;
    let stronger = match verdict {
        Verdict::RightButWeak => strengthen(cx, &user, tried.password, &stored).await,
        Verdict::Right | Verdict::Wrong => None,
    };
    Ok(Some(Proved { user, secret: stronger.unwrap_or(stored), password: tried.password.clone() }))
}

/// The limits under which a try falls. A device that the account knows has one of its own and no other, so that neither
/// strangers at its name nor neighbours at its address keep it out.
async fn counts(cx: &Cx, user: Option<UserId>, tried: Tried<'_>) -> Result<Vec<(&'static Quota, Subject)>, ApiError> {
    if let Some(device) = tried.device
        && session::is_known_device(cx, user, device).await?
        && let Some(user) = user
    {
        return Ok(vec![(&DEVICE, Subject::named(&format!("{user} {}", device.id.0)))]);
    }
    let name = Subject::named(&tried.identifier.to_ascii_lowercase());
    Ok(vec![(&ADDRESS, Subject::of_address(cx.client_ip())), (&STRANGERS, name)])
}

async fn give_back(cx: &Cx, counts: &[(&Quota, Subject)]) {
    for (quota, subject) in counts {
        cx.give_back(quota, *subject).await;
    }
}

/// Hashes a right password anew at the present cost. It may wait for another login: nobody is refused over it.
async fn strengthen(cx: &Cx, user: &User, password: &SecretString, stored: &str) -> Option<String> {
    let (event, stronger) = match rehash(cx, user, password, stored).await {
        Ok(Some(hash)) => (Event::ok(Kind::PasswordRehash), Some(hash)),
        Ok(None) => (Event::failed(Kind::PasswordRehash, "changed_meanwhile"), None),
        Err(_) => (Event::failed(Kind::PasswordRehash, "unavailable"), None),
    };
    audit::record(cx, event.user(user.user_id));
    stronger
}

async fn rehash(cx: &Cx, user: &User, password: &SecretString, stored: &str) -> Result<Option<String>, ApiError> {
    let hash = password::hash(cx, password).await?;
    Ok(passwords::replace(cx.db(), user.user_id, stored, &hash).await?.then_some(hash))
}
