//! The three tiers as one: L1 in the process, L2 in Redis, L3 is Postgres. Every read of a validated class asks Redis
//! which version is the newest acknowledged one (in the gate's one round trip), and believes L1 and L2 only for that.

use std::{
    collections::HashMap,
    error::Error,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::OnceCell;

use super::{
    active::Told,
    aggregate::{Aggregate, Loaded},
    compress,
    key::{AggregateId, Form, L1Key},
    l1::L1,
    policy::{CachePolicy, Class},
    stamps::{Intent, Known, News, Stamp, Stamps, Token, Wanted},
};
use crate::{
    config::Config,
    ctx::Cx,
    error::ApiError,
    fault::{self, Bug, Step},
};

/// Largest value that is unpacked, bytes. A life's state is some ten thousand.
const VALUE_LIMIT: usize = 8 << 20;
/// A load that took longer says more about Postgres than about this aggregate.
const LONGEST_LOAD: Duration = Duration::from_millis(100);
/// Load times before the end of a stamp within which it may be refreshed; chances further off are below e^-20.
const EARLY_LOADS: u32 = 20;
/// Loads under way before the list of them is swept.
const FLIGHTS_SWEPT_AT: usize = 1024;

/// All tiers of one process.
pub(crate) struct CacheManager {
    pub(crate) stamps: Stamps,
    pub(crate) told: Told,
    levels: Vec<Level>,
    /// Loads under way, by the fill token under which they began: who sees the same token may share the load, for no
    /// write can have been acknowledged in between.
    flights: Mutex<HashMap<(AggregateId, Token), Flight>>,
}

/// A load that several wait for; gone when none does.
type Flight = Weak<OnceCell<Held>>;

/// One class in this process.
struct Level {
    policy: CachePolicy,
    l1: L1<L1Key, Held>,
    /// How long the last load took, microseconds.
    load_us: AtomicU64,
}

/// Something at one version: a packed value, or the body of an answer. No bytes: there is no such thing.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) version: i64,
    pub(super) bytes: Bytes,
}

/// What a request finds: the newest version, and this process's answer for it if it holds one.
pub(super) enum Current {
    Answer(Held),
    Value(Held),
}

impl CacheManager {
    /// Writes how full L1 is into the metrics, for a scrape that is about to read them.
    pub(crate) fn report(&self) {
        for (class, level) in Class::ALL.iter().zip(&self.levels) {
            let entries = u32::try_from(level.l1.len()).unwrap_or(u32::MAX);
            metrics::gauge!("cache_l1_entries", "class" => class.as_str()).set(entries);
            // Exact up to 2^53.
            #[expect(clippy::cast_precision_loss, reason = "budgets are at most 64 GiB")]
            metrics::gauge!("cache_l1_bytes", "class" => class.as_str()).set(level.l1.weight() as f64);
        }
    }

    pub(crate) fn new(config: &Config) -> Self {
        let level = |class: Class| {
            let policy = config.cache[class.index()];
            let l1 = L1::new(policy.max_bytes, policy.eviction, |_, held: &Held| held.bytes.len());
            Level { policy, l1, load_us: AtomicU64::new(0) }
        };
        Self {
            stamps: Stamps::new(config),
            told: Told::default(),
            levels: Class::ALL.map(level).into(),
            flights: Mutex::default(),
        }
    }

    fn level(&self, id: AggregateId) -> &Level {
        &self.levels[id.kind.class().index()]
    }

    fn held(&self, id: AggregateId, form: Form) -> Option<Held> {
        self.level(id).l1.get(&(id, form))
    }

    pub(super) fn hold(&self, id: AggregateId, form: Form, held: &Held) {
        self.level(id).l1.insert((id, form), held.clone());
    }

    /// The aggregate as it now is.
    pub(super) async fn current<A: Aggregate>(&self, cx: &Cx, aggregate: A, form: Form) -> Result<Current, ApiError> {
        let id = aggregate.id();
        let value = self.held(id, Form::Value);
        let answer = if form == Form::Value { None } else { self.held(id, form) };
        if let (Some(value), true) = (&value, fault::planted(Bug::MonotonicTtl)) {
            // The request is let in as any other; only what it reads is believed unasked.
            cx.gate.ask(cx, Intent::Read, &[]).await?;
            return Ok(Current::Value(value.clone()));
        }
        let newest = value.iter().chain(&answer).map(|held| held.version).max();
        let wanted = self.wanted(id, newest.map_or(Known::Nothing, Known::Version));
        let stamp = cx.gate.ask(cx, Intent::Read, &[wanted]).await?.pop().unwrap_or(Stamp::Away);
        if let Stamp::Clean { version, value: packed, left } = &stamp
            // Redis may know less than we: of a write that could not be announced, or a failover.
            && *version >= newest.unwrap_or_default().max(cx.gate.min_version())
            && !self.is_due(cx, id, *left)
        {
            let fresh = |held: &Held| held.version == *version;
            if let Some(answer) = answer.filter(fresh) {
                count(id, "l1", "hit");
                return Ok(Current::Answer(answer));
            }
            if let Some(value) = value.filter(fresh) {
                count(id, "l1", "hit");
                return Ok(Current::Value(value));
            }
            if let Some(bytes) = packed {
                count(id, "l1", "miss");
                count(id, "l2", "hit");
                let held = Held { version: *version, bytes: bytes.clone() };
                self.hold(id, Form::Value, &held);
                return Ok(Current::Value(held));
            }
        }
        count(id, "l1", "miss");
        self.miss(cx, aggregate, &stamp).await.map(Current::Value)
    }

    /// What neither L1 nor L2 could answer.
    async fn miss<A: Aggregate>(&self, cx: &Cx, aggregate: A, stamp: &Stamp) -> Result<Held, ApiError> {
        let id = aggregate.id();
        let (outcome, shared) = match stamp {
            // While this version stands no write was acknowledged: as good a name for the load as a token.
            Stamp::Clean { version, .. } => ("miss", Some((Token((*version).unsigned_abs().into()), None))),
            Stamp::Missing { fill: Some(token), mine } => ("miss", Some((*token, mine.then_some(*token)))),
            Stamp::Missing { fill: None, .. } | Stamp::Fenced => ("fenced", None),
            Stamp::Away => ("away", None),
        };
        count(id, "l2", outcome);
        let Some((token, right)) = shared else {
            let held = self.load(cx, aggregate).await?;
            if fault::planted(Bug::BlindFill) {
                self.fill(cx, id, None, &held).await;
            }
            return Ok(held);
        };
        let held = self.load_once(cx, aggregate, token).await?;
        if right.is_some() || matches!(stamp, Stamp::Clean { .. }) || fault::planted(Bug::BlindFill) {
            self.fill(cx, id, right, &held).await;
        }
        // Who shared a load shared its age; a client that saw more gets one of its own.
        if held.version < cx.gate.min_version() { self.load(cx, aggregate).await } else { Ok(held) }
    }

    /// For a write: the aggregate as it now is, believed from a cache only if of version `at_least` or newer.
    pub(super) async fn claimed<A: Aggregate>(
        &self,
        cx: &Cx,
        aggregate: A,
        also: AggregateId,
        at_least: i64,
    ) -> Result<Held, ApiError> {
        let id = aggregate.id();
        let value = self.held(id, Form::Value);
        let known = value.as_ref().map_or(Known::Nothing, |held| Known::Version(held.version));
        let wanted = [self.wanted(id, known), self.wanted_to_patch(also)];
        let mut stamps = cx.gate.ask(cx, Intent::Write, &wanted).await?.into_iter();
        let stamp = stamps.next().unwrap_or(Stamp::Away);
        fault::point(Step::Fence);
        if let Some(stamp) = stamps.next() {
            self.keep(also, &stamp);
        }
        if let Stamp::Clean { version, value: packed, .. } = stamp
            && version >= at_least
        {
            if let Some(value) = value.filter(|value| value.version == version) {
                count(id, "l1", "hit");
                return Ok(value);
            }
            if let Some(bytes) = packed {
                count(id, "l1", "miss");
                count(id, "l2", "hit");
                return Ok(Held { version, bytes });
            }
        }
        count(id, "l1", "miss");
        count(id, "l2", "miss");
        self.load(cx, aggregate).await
    }

    pub(super) fn wanted(&self, id: AggregateId, known: Known) -> Wanted {
        Wanted { id, known, ttl: self.level(id).policy.ttl }
    }

    /// As [`CacheManager::wanted`], of what a write changes without reading it: its value comes along where this process
    /// lacks it, for [`CacheManager::patched`].
    pub(super) fn wanted_to_patch(&self, id: AggregateId) -> Wanted {
        self.wanted(id, self.held(id, Form::Value).map_or(Known::Nothing, |held| Known::Version(held.version)))
    }

    /// Holds the value that came along with a stamp, unless a newer one is held: Redis may know less than we.
    pub(super) fn keep(&self, id: AggregateId, stamp: &Stamp) {
        if let Stamp::Clean { version, value: Some(bytes), .. } = stamp
            && self.held(id, Form::Value).is_none_or(|held| held.version < *version)
        {
            self.hold(id, Form::Value, &Held { version: *version, bytes: bytes.clone() });
        }
    }

    /// Whether this request refreshes the stamp before it ends, so that a much-read one never does (XFetch: Vattani,
    /// Chierichetti, Lowenstein, VLDB 2015, with beta = 1).
    fn is_due(&self, cx: &Cx, id: AggregateId, left: Duration) -> bool {
        let load = Duration::from_micros(self.level(id).load_us.load(Ordering::Relaxed)).min(LONGEST_LOAD);
        if left > load * EARLY_LOADS {
            return false;
        }
        let uniform = (f64::from(u32::from_be_bytes(cx.random())) + 1.0) / (f64::from(u32::MAX) + 1.0);
        left <= load.mul_f64(-uniform.ln())
    }

    /// Loads that begin under one name are one load: no write was acknowledged while that stood in the stamp.
    async fn load_once<A: Aggregate>(&self, cx: &Cx, aggregate: A, name: Token) -> Result<Held, ApiError> {
        let key = (aggregate.id(), name);
        let flight = {
            let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
            if flights.len() >= FLIGHTS_SWEPT_AT {
                flights.retain(|_, flight| flight.strong_count() > 0);
            }
            let under_way = flights.get(&key).and_then(Weak::upgrade);
            under_way.unwrap_or_else(|| {
                let flight = Arc::default();
                flights.insert(key, Arc::downgrade(&flight));
                flight
            })
        };
        // One that fails is not kept: the next of those who wait tries again.
        let held = flight.get_or_try_init(|| self.load(cx, aggregate)).await?.clone();
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        Ok(held)
    }

    /// What Postgres says now.
    pub(super) async fn load<A: Aggregate>(&self, cx: &Cx, aggregate: A) -> Result<Held, ApiError> {
        let id = aggregate.id();
        let level = self.level(id);
        let started = Instant::now();
        let loaded = aggregate.load(cx.db()).await?;
        level.load_us.store(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let held = match loaded {
            Some(Loaded { version, value }) => Held { version, bytes: compress::pack(&value, level.policy.compress) },
            None => Held { version: 0, bytes: Bytes::new() },
        };
        self.hold(id, Form::Value, &held);
        Ok(held)
    }

    async fn fill(&self, cx: &Cx, id: AggregateId, token: Option<Token>, held: &Held) {
        cx.gate.fill(cx, &self.stamps.fill(id, token, held.version, &held.bytes, self.level(id).policy.ttl)).await;
    }

    /// The value itself and its version. One that does not read (of Redis, or of a release that encodes otherwise) is a
    /// miss; what is loaded in its place may be newer.
    pub(super) async fn value_of<A: Aggregate>(
        &self,
        cx: &Cx,
        aggregate: A,
        held: &Held,
    ) -> Result<Option<(A::Value, i64)>, ApiError> {
        let with_version = |value: Option<A::Value>, held: &Held| value.map(|value| (value, held.version));
        match decode(held) {
            Ok(value) => Ok(with_version(value, held)),
            Err(error) => {
                let id = aggregate.id();
                count(id, "l2", "unreadable");
                tracing::warn!(error = %error, class = id.kind.class().as_str(), "a cached value does not read");
                let held = self.load(cx, aggregate).await?;
                self.fill(cx, id, None, &held).await;
                Ok(with_version(decode(&held).map_err(ApiError::internal)?, &held))
            }
        }
    }

    /// What a write announces of an aggregate that it changed without reading it. Where this process holds the version
    /// just before, `patch` makes the new value of it; where it does not, or `patch` says that the change is none to what
    /// it sees, only the version is told and the next reader asks Postgres.
    ///
    /// Exact only if every write of the aggregate raises its version by one, and under a lock that it holds until it
    /// commits: then nothing but this write lies between the two versions.
    pub(super) fn patched<A: Aggregate<Value: Serialize>>(
        &self,
        aggregate: A,
        version: i64,
        patch: impl FnOnce(&mut A::Value) -> bool,
    ) -> News {
        let id = aggregate.id();
        let before = self.held(id, Form::Value).filter(|held| held.version + 1 == version);
        let before: Option<A::Value> = before.and_then(|held| decode(&held).ok().flatten());
        let after = before.and_then(|mut value| patch(&mut value).then_some(value));
        let after = after.and_then(|value| serde_json::to_vec(&value).ok());
        metrics::counter!("cache_patches_total", "class" => id.kind.class().as_str(),
            "outcome" => if after.is_some() { "patched" } else { "unknown" })
        .increment(1);
        self.news(id, version, after.as_deref())
    }

    /// What a write announces of an aggregate, packed as readers want it.
    pub(super) fn news(&self, id: AggregateId, version: i64, value: Option<&[u8]>) -> News {
        let Some(value) = value else { return News { id, version, value: None } };
        let held = Held { version, bytes: compress::pack(value, self.level(id).policy.compress) };
        self.hold(id, Form::Value, &held);
        News { id, version, value: Some(held.bytes) }
    }
}

fn decode<V: DeserializeOwned>(held: &Held) -> Result<Option<V>, Box<dyn Error + Send + Sync>> {
    if held.bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&compress::unpack(&held.bytes, VALUE_LIMIT)?)?))
}

/// One question to one tier. A hit on any tier is a read without SQL.
fn count(id: AggregateId, tier: &'static str, outcome: &'static str) {
    metrics::counter!("cache_requests_total",
        "class" => id.kind.class().as_str(), "tier" => tier, "outcome" => outcome)
    .increment(1);
}
