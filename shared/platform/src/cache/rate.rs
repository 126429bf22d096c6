//! Rate limits by the generic cell rate algorithm (GCRA, ITU-T I.371): one timestamp a subject, no windows, no bursts
//! at window edges. Counted in Redis for all processes together; while Redis is away in this process alone, but what
//! guards passwords and codes in Postgres ([`super::limit`]).

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};

use crate::{ids::UserId, route::Rate};

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A player, over all devices.
    User(UserId),
    /// A client address; of IPv6 the network of 64 bits, all of which one subscriber has.
    Address(IpAddr),
    /// Whatever else is counted, by the SHA-256 of its name: no key shows a name or an address of a person.
    Named([u8; 32]),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Address(ip) => ip.fmt(f),
            Self::Named(hash) => f.write_str(&hex::encode(hash)),
        }
    }
}

impl Subject {
    /// The subject with this name. Parts that belong together are one name, joined by what neither of them holds.
    pub fn named(name: &str) -> Self {
        Self::Named(Sha256::digest(name).into())
    }

    /// The subject behind an address.
    pub fn of_address(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::Address(ip),
            IpAddr::V6(ip) => Self::Address(Ipv6Addr::from(u128::from(ip) & !u128::from(u64::MAX)).into()),
        }
    }
}

/// The limiter's word on one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// Whether the request may pass.
    pub allowed: bool,
    /// Requests allowed at once.
    pub limit: u64,
    /// Requests left now.
    pub remaining: u64,
    /// Unix seconds at which the full limit is available again.
    pub reset_at_s: u64,
    /// Seconds after which the next request passes; at least 1 for a refused one.
    pub retry_after_s: u64,
}

/// A sustained pace and how far ahead of it a subject may run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Microseconds a request costs.
    pub(crate) interval_us: u64,
    /// Requests allowed at once.
    pub(crate) burst: u64,
}

impl Rate {
    const fn limit(self) -> Option<Limit> {
        let (per_minute, burst) = match self {
            Self::Auth => (30, 10),
            Self::Play => (1200, 60),
            Self::Read => (3000, 150),
            Self::Relive => (300, 30),
            Self::Public => (1200, 60),
            Self::Unlimited => return None,
        };
        Some(Limit { interval_us: 60_000_000 / per_minute, burst })
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Play => "play",
            Self::Read => "read",
            Self::Relive => "relive",
            Self::Public => "public",
            Self::Unlimited => "unlimited",
        }
    }
}

/// Subjects remembered by the in-process limiter before all are forgotten.
const LOCAL_SUBJECTS: usize = 100_000;

/// Decides whether a request comes too soon: the figures for `gate.lua`, and the same decision for this process alone.
pub(crate) struct RateLimiter {
    percent: u64,
    namespace: String,
    /// Theoretical arrival time of the next request, Unix microseconds.
    local: Mutex<HashMap<(Rate, Subject), u64>>,
}

impl RateLimiter {
    pub(crate) fn new(percent: u32, namespace: &str) -> Self {
        Self { percent: percent.into(), namespace: namespace.to_owned(), local: Mutex::default() }
    }

    /// The limit of a class as this deployment has it. `None` where none applies.
    pub(crate) fn limit(&self, rate: Rate) -> Option<Limit> {
        rate.limit().and_then(|limit| self.scaled(limit))
    }

    /// A limit as this deployment has it. `None` where limits are switched off.
    pub(crate) fn scaled(&self, limit: Limit) -> Option<Limit> {
        if self.percent == 0 {
            return None;
        }
        let interval_us = (limit.interval_us * 100 / self.percent).max(1);
        Some(Limit { interval_us, burst: (limit.burst * self.percent / 100).max(1) })
    }

    /// `rl:<namespace>:{<owner>}:rate:<class>`; the braces keep all of a player's keys in one cluster slot.
    pub(crate) fn key(&self, rate: Rate, subject: Subject) -> String {
        format!("rl:{}:{{{subject}}}:rate:{}", self.namespace, rate.as_str())
    }

    /// `rl:<namespace>:{<owner>}:quota:<name>`.
    pub(crate) fn quota_key(&self, name: &str, subject: Subject) -> String {
        format!("rl:{}:{{{subject}}}:quota:{name}", self.namespace)
    }

    /// The same decision as `gate.lua`, for this process alone.
    pub(crate) fn admit_here(&self, limit: Limit, subject: (Rate, Subject), now_us: u64) -> Permit {
        let mut arrivals = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if arrivals.len() >= LOCAL_SUBJECTS && !arrivals.contains_key(&subject) {
            // Cheaper than to look for the idle ones, and an emergency of an emergency: Redis is away, too.
            arrivals.clear();
        }
        let tat_us = arrivals.get(&subject).copied().unwrap_or_default().max(now_us);
        let next_us = tat_us + limit.interval_us;
        if next_us > now_us + limit.burst * limit.interval_us {
            return permit(limit, false, tat_us, now_us);
        }
        arrivals.insert(subject, next_us);
        permit(limit, true, next_us, now_us)
    }
}

/// The limiter's word, from the theoretical arrival time after the request.
pub(crate) fn permit(limit: Limit, allowed: bool, tat_us: u64, now_us: u64) -> Permit {
    let ahead_us = tat_us.saturating_sub(now_us);
    let window_us = limit.burst * limit.interval_us;
    let wait_us = (ahead_us + limit.interval_us).saturating_sub(window_us);
    Permit {
        allowed,
        limit: limit.burst,
        remaining: window_us.saturating_sub(ahead_us) / limit.interval_us,
        reset_at_s: tat_us.max(now_us).div_ceil(1_000_000),
        retry_after_s: wait_us.div_ceil(1_000_000).max(u64::from(!allowed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_pace_holds_then_time_heals() {
        let limiter = RateLimiter::new(100, "test");
        let limit = Limit { interval_us: 1_000_000, burst: 3 };
        let subject = (Rate::Auth, Subject::Address(IpAddr::from([127, 0, 0, 1])));
        let at = |second: u64| limiter.admit_here(limit, subject, 1_000_000_000 + second * 1_000_000);
        let remaining: Vec<_> = (0..3).map(|_| at(0)).map(|permit| (permit.allowed, permit.remaining)).collect();
        assert_eq!(remaining, [(true, 2), (true, 1), (true, 0)]);
        let refused = at(0);
        assert_eq!((refused.allowed, refused.retry_after_s, refused.reset_at_s), (false, 1, 1003));
        assert!(at(1).allowed && !at(1).allowed);
        assert_eq!(at(100).remaining, 2);
    }

    #[test]
    fn limits_scale_and_switch_off() {
        assert!(RateLimiter::new(0, "test").limit(Rate::Play).is_none());
        let tenfold = RateLimiter::new(1000, "test").limit(Rate::Play).expect("limits");
        assert_eq!((tenfold.interval_us, tenfold.burst), (5_000, 600));
    }
}
