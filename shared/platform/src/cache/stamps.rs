//! The scripts by which requests are counted, reads validated and writes announced (`gate.lua`, `settle.lua`, `fill.lua`,
//! `give_back.lua`), and what they say. The protocol, and why no read is stale, is told in `docs/adr/0009-validated-reads.md`.

use std::{fmt, time::Duration};

use bytes::Bytes;
use redis::Value;

use super::{
    key::AggregateId,
    rate::Limit,
    script::{Call, Script},
};
use crate::{
    auth::{Player, token::ACCESS_TOKEN_S},
    config::Config,
    fault::{self, Bug},
    ids::{SessionId, UserId},
};

/// How long a reader that may store what it loads keeps that right. A load takes milliseconds.
const FILL_LIFETIME: Duration = Duration::from_secs(2);
/// Time between placing a fence and the start of its statement that needs no second fence.
pub(crate) const FENCE_MARGIN: Duration = Duration::from_secs(2);

/// A random name: of a write's fence, or of a reader's right to fill.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token(pub(crate) u128);

impl Token {
    fn parse(text: &[u8]) -> Option<Self> {
        u128::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok().map(Self)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What Redis knows of an aggregate.
#[derive(Debug, Clone)]
pub(crate) enum Stamp {
    /// This is the newest acknowledged version.
    Clean {
        version: i64,
        /// The packed value, where the caller does not hold this version and Redis still does.
        value: Option<Bytes>,
        /// How long the stamp still lives.
        left: Duration,
    },
    /// Nothing. Whoever holds the fill token may store what it loads.
    Missing { fill: Option<Token>, mine: bool },
    /// A write is under way: only Postgres knows.
    Fenced,
    /// Redis cannot be reached.
    Away,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An aggregate that a request is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) id: AggregateId,
    pub(crate) known: Known,
    /// How long its stamp is to live.
    pub(crate) ttl: Duration,
}

/// An aggregate that a write guards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fenced {
    pub(crate) id: AggregateId,
    /// How long its stamp is to live.
    pub(crate) ttl: Duration,
}

/// What the process holds of it already.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known {
    /// Nothing, or nothing that helps.
    Nothing,
    /// This version.
    Version(i64),
    /// The value is of no interest.
    Indifferent,
}

/// Whether a request only looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    /// Places a fence on each aggregate.
    Write,
}

/// What Redis knows of a player's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The store said so within the last minute.
    Good,
    Revoked,
    Nothing,
}

/// The gate's answer.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) allowed: bool,
    pub(crate) tat_us: u64,
    pub(crate) now_us: u64,
    /// Of the player's session; nothing where no player asks, and when not allowed.
    pub(crate) session: Word,
    /// In the order asked; empty when not allowed or the session is revoked.
    pub(crate) stamps: Vec<Stamp>,
}

/// What became true of an aggregate. Without a value, readers of the new version ask Postgres once.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) id: AggregateId,
    pub(crate) version: i64,
    pub(crate) value: Option<Bytes>,
}

/// How long the store's word that a session is good is believed.
const GOOD_WORD: Duration = Duration::from_secs(60);
/// How long it is remembered that a session was revoked: access tokens expire before.
const LAST_WORD: Duration = Duration::from_secs(ACCESS_TOKEN_S.unsigned_abs() + 60);

/// The scripts with the lifetimes they are called with.
pub(crate) struct Stamps {
    namespace: String,
    gate: Script,
    settle: Script,
    fill: Script,
    vouch: Script,
    revoke: Script,
    forget: Script,
    give_back: Script,
    fence_lifetime: Duration,
}

impl Stamps {
    pub(crate) fn new(config: &Config) -> Self {
        let statement = config.database_acquire_timeout + config.database_statement_timeout;
        Self {
            namespace: config.redis_namespace.clone(),
            gate: Script::new("gate", include_str!("gate.lua")),
            settle: Script::new("settle", include_str!("settle.lua")),
            fill: Script::new(
                "fill",
                if fault::planted(Bug::BlindFill) { fault::BLIND_FILL } else { include_str!("fill.lua") },
            ),
            vouch: Script::new("vouch", "return redis.call('SET', KEYS[1], 'ok', 'NX', 'PX', ARGV[1]) and 1 or 0"),
            revoke: Script::new(
                "revoke",
                "for i = 1, #KEYS do redis.call('SET', KEYS[i], 'revoked', 'PX', ARGV[1]) end return #KEYS",
            ),
            forget: Script::new("forget", include_str!("forget.lua")),
            give_back: Script::new("give_back", include_str!("give_back.lua")),
            fence_lifetime: FENCE_MARGIN + statement + Duration::from_secs(1),
        }
    }

    /// One request at the gate. `rate_key` is also what chooses the cluster's node where nothing else is asked.
    pub(crate) fn gate(
        &self,
        rate: (&str, Option<Limit>),
        player: Option<&Player>,
        token: Token,
        intent: Intent,
        wanted: &[Wanted],
    ) -> Call<'_> {
        let (rate_key, limit) = rate;
        let mut call = self.gate.call();
        call.key(rate_key);
        if let Some(player) = player {
            call.key(self.session_key(player.id, player.session_id));
        }
        call.arg(limit.map_or(0, |limit| limit.interval_us)).arg(limit.map_or(0, |limit| limit.burst));
        call.arg(token.to_string()).arg(match intent {
            Intent::Read => "read",
            Intent::Write => "write",
        });
        call.arg(micros(self.fence_lifetime)).arg(micros(FILL_LIFETIME));
        call.arg(if player.is_some() { "player" } else { "anyone" });
        for one in wanted {
            for key in one.id.redis_keys(&self.namespace) {
                call.key(key);
            }
            call.arg(self.stamp_ms(one.ttl));
            match one.known {
                Known::Nothing => call.arg(""),
                Known::Version(version) => call.arg(version),
                Known::Indifferent => call.arg("-"),
            };
        }
        call
    }

    /// Takes back one request that was counted at `key`.
    pub(crate) fn give_back(&self, key: &str, limit: Limit) -> Call<'_> {
        let mut call = self.give_back.call();
        call.key(key).arg(limit.interval_us);
        call
    }

    /// Takes a write's fences away and publishes what it changed.
    pub(crate) fn settle(&self, token: Token, fenced: &[Fenced], news: &[News]) -> Call<'_> {
        let mut call = self.settle.call();
        call.arg(token.to_string());
        for Fenced { id, ttl } in fenced {
            for key in id.redis_keys(&self.namespace) {
                call.key(key);
            }
            call.arg(self.stamp_ms(*ttl));
            match news.iter().find(|news| news.id == *id) {
                Some(news) => call.arg(news.version).arg(news.value.as_deref().unwrap_or_default()),
                None => call.arg("").arg(""),
            };
        }
        call
    }

    /// Stores what was loaded, if `token` is still good or a version stands already.
    pub(crate) fn fill(
        &self,
        id: AggregateId,
        token: Option<Token>,
        version: i64,
        value: &[u8],
        ttl: Duration,
    ) -> Call<'_> {
        let mut call = self.fill.call();
        for key in id.redis_keys(&self.namespace) {
            call.key(key);
        }
        call.arg(token.map(|token| token.to_string()).unwrap_or_default())
            .arg(version)
            .arg(value)
            .arg(self.stamp_ms(ttl));
        call
    }

    /// `rl:<namespace>:{<user>}:sid:<session>`, in the slot of all that is the player's.
    fn session_key(&self, user: UserId, session: SessionId) -> String {
        format!("rl:{}:{{{user}}}:sid:{session}", self.namespace)
    }

    /// Says that a session is good, unless it is known to be revoked.
    pub(crate) fn vouch(&self, user: UserId, session: SessionId) -> Call<'_> {
        let mut call = self.vouch.call();
        call.key(self.session_key(user, session)).arg(millis(GOOD_WORD));
        call
    }

    /// Says that sessions of one player are no more, until no access token of theirs is good by itself.
    pub(crate) fn revoke(&self, user: UserId, sessions: &[SessionId]) -> Call<'_> {
        let mut call = self.revoke.call();
        for session in sessions {
            call.key(self.session_key(user, *session));
        }
        call.arg(millis(LAST_WORD));
        call
    }

    /// Deletes what is known of aggregates of one player that are no more, and lets nobody store it again.
    pub(crate) fn forget(&self, gone: &[AggregateId]) -> Call<'_> {
        let mut call = self.forget.call();
        for id in gone {
            for key in id.redis_keys(&self.namespace) {
                call.key(key);
            }
        }
        call.arg(millis(LAST_WORD));
        call
    }

    /// A stamp must outlive the fences in it.
    fn stamp_ms(&self, ttl: Duration) -> u64 {
        millis(ttl.max(self.fence_lifetime))
    }
}

impl Passed {
    /// Reads `gate.lua`'s answer; `None` when it is not one.
    pub(crate) fn parse(answer: Value) -> Option<Self> {
        let mut parts = array(answer)?.into_iter();
        let allowed = int(&parts.next()?)? == 1;
        let (tat_us, now_us) = (int(&parts.next()?)?, int(&parts.next()?)?);
        let session = match parts.next().and_then(bytes).as_deref() {
            Some(b"ok") => Word::Good,
            Some(b"revoked") => Word::Revoked,
            _ => Word::Nothing,
        };
        let stamps = parts.map(Stamp::parse).collect::<Option<_>>()?;
        Some(Self { allowed, tat_us: tat_us.try_into().ok()?, now_us: now_us.try_into().ok()?, session, stamps })
    }
}

impl Stamp {
    fn parse(value: Value) -> Option<Self> {
        let mut parts = array(value)?.into_iter();
        let state = bytes(parts.next()?)?;
        Some(match state.as_ref() {
            b"fenced" => Self::Fenced,
            b"clean" => {
                let version = std::str::from_utf8(&bytes(parts.next()?)?).ok()?.parse().ok()?;
                let value = bytes(parts.next()?);
                let left = Duration::from_millis(int(&parts.next()?)?.try_into().unwrap_or_default());
                Self::Clean { version, value, left }
            }
            b"missing" => {
                let fill = bytes(parts.next()?).and_then(|token| Token::parse(&token));
                Self::Missing { fill, mine: int(&parts.next()?)? == 1 }
            }
            _ => return None,
        })
    }
}

fn array(value: Value) -> Option<Vec<Value>> {
    if let Value::Array(parts) = value { Some(parts) } else { None }
}

fn bytes(value: Value) -> Option<Bytes> {
    if let Value::BulkString(bytes) = value { Some(bytes.into()) } else { None }
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Int(number) = value { Some(*number) } else { None }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
