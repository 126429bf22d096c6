//! What happened to an account, for those who watch over accounts: one line with the target `audit` and one metric an
//! event. No line holds a name, an address, a code, a password or a token: who reads logs learns no secret from them.

use std::net::IpAddr;

use ipnet::IpNet;
use platform::{
    Cx,
    ids::{SessionId, UserId},
};

/// What somebody did, or tried to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the operation of its name")]
pub enum Kind {
    Register,
    Login,
    Refresh,
    Logout,
    SessionRevoke,
    Link,
    ProfileUpdate,
    AccountExport,
    AccountDelete,
    OauthStart,
    OauthProof,
    CodeSend,
    CodeVerify,
    PasswordChange,
    PasswordReset,
    PasswordRehash,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::Logout => "logout",
            Self::SessionRevoke => "session_revoke",
            Self::Link => "link",
            Self::ProfileUpdate => "profile_update",
            Self::AccountExport => "account_export",
            Self::AccountDelete => "account_delete",
            Self::OauthStart => "oauth_start",
            Self::OauthProof => "oauth_proof",
            Self::CodeSend => "code_send",
            Self::CodeVerify => "code_verify",
            Self::PasswordChange => "password_change",
            Self::PasswordReset => "password_reset",
            Self::PasswordRehash => "password_rehash",
        }
    }
}

/// One event: `Event::ok(Kind::Login).user(id).session(sid)`.
#[derive(Debug, Clone, Copy)]
#[must_use = "an event is nothing until it is recorded"]
pub struct Event {
    kind: Kind,
    /// Why it failed; `None` when it did not.
    failure: Option<&'static str>,
    user: Option<UserId>,
    session: Option<SessionId>,
}

impl Event {
    /// It was done.
    pub const fn ok(kind: Kind) -> Self {
        Self { kind, failure: None, user: None, session: None }
    }

    /// It was refused or could not be done. `reason` is a metric's label: a constant of a few words in snake case, and more
    /// exact than what the client is told.
    pub const fn failed(kind: Kind, reason: &'static str) -> Self {
        Self { kind, failure: Some(reason), user: None, session: None }
    }

    /// Whose account, where that is known.
    pub fn user(mut self, user: impl Into<Option<UserId>>) -> Self {
        self.user = user.into();
        self
    }

    /// Which signed-in device, where there is one.
    pub fn session(mut self, session: impl Into<Option<SessionId>>) -> Self {
        self.session = session.into();
        self
    }
}

/// Writes the event down.
pub fn record(cx: &Cx, event: Event) {
    let Event { kind, failure, user, session } = event;
    let (kind, outcome) = (kind.as_str(), if failure.is_none() { "ok" } else { "failed" });
    tracing::info!(
        target: "audit",
        route = cx.route_id(),
        request_id = cx.request_id(),
        trace_id = cx.trace_id(),
        event = kind,
        outcome,
        reason = failure,
        user_id = user.map(tracing::field::display),
        session_id = session.map(tracing::field::display),
        client = %network_of(cx.client_ip()),
        "account event"
    );
    metrics::counter!("auth_events_total", "event" => kind, "outcome" => outcome).increment(1);
    if let Some(reason) = failure {
        metrics::counter!("auth_failures_total", "reason" => reason).increment(1);
    }
}

/// The network an address is in: enough to see that attempts come from one place, too little to find a person.
fn network_of(ip: IpAddr) -> IpNet {
    let ip = ip.to_canonical();
    let kept = if ip.is_ipv4() { 24 } else { 48 };
    IpNet::new(ip, kept).map_or_else(|_| IpNet::from(ip), |network| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_its_network_is_written() {
        for (ip, network) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ] {
            assert_eq!(network_of(ip.parse().expect("an address")).to_string(), network);
        }
    }
}
