//! The three tiers as one: L1 in the process, L2 in Redis, L3 is Postgres. Every read of a validated class asks Redis
//! which version is the newest acknowledged one (in the gate's one round trip), and believes L1 and L2 only for that.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::{
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
    http::envelope::{Answer, Reply},
};

/// Largest value that is unpacked, bytes. A life's state is some ten thousand.
const VALUE_LIMIT: usize = 8 << 20;
/// Load times before the end of a stamp within which it may be refreshed; chances further off are below e^-20.
const EARLY_LOADS: u32 = 20;
/// Loads under way before the list of them is swept.
const FLIGHTS_SWEPT_AT: usize = 1024;

/// All tiers of one process.
pub(crate) struct CacheManager {
    pub(crate) stamps: Stamps,
    levels: Vec<Level>,
    /// Loads under way, by the fill token under which they began: who sees the same token may share the load, for no
    /// write can have been acknowledged in between.
    flights: Mutex<HashMap<(AggregateId, Token), Weak<OnceCell<Held>>>>,
}

/// One class in this process.
struct Level {
    policy: CachePolicy,
    l1: L1<L1Key, Held>,
    /// How long the last load took, microseconds.
    load_us: AtomicU64,
}

/// Something at one version: a packed value, or the body of an answer. No bytes: there is no such thing.
#[derive(Debug, Clone)]
struct Held {
    version: i64,
    bytes: Bytes,
}

/// What a request finds: the newest version, and this process's answer for it if it holds one.
enum Current {
    Answer(Held),
    Value(Held),
}

impl CacheManager {
    pub(crate) fn new(config: &Config) -> Self {
        let level = |class: Class| {
            let policy = config.cache[class.index()];
            let l1 = L1::new(policy.max_bytes, policy.eviction, |_, held: &Held| held.bytes.len());
            Level { policy, l1, load_us: AtomicU64::new(0) }
        };
        Self { stamps: Stamps::new(config), levels: Class::ALL.map(level).into(), flights: Mutex::default() }
    }

    /// How long Redis keeps an aggregate's stamp and value.
    pub(crate) fn ttl(&self, id: AggregateId) -> Duration {
        self.level(id).policy.ttl
    }

    fn level(&self, id: AggregateId) -> &Level {
        &self.levels[id.kind.class().index()]
    }

    fn held(&self, id: AggregateId, form: Form) -> Option<Held> {
        self.level(id).l1.get(&(id, form))
    }

    fn hold(&self, id: AggregateId, form: Form, held: &Held) {
        self.level(id).l1.insert((id, form), held.clone());
    }

    /// The aggregate as it now is.
    async fn current<A: Aggregate>(&self, cx: &Cx, aggregate: A, form: Form) -> Result<Current, ApiError> {
        let id = aggregate.id();
        let value = self.held(id, Form::Value);
        let answer = if form == Form::Value { None } else { self.held(id, form) };
        if let (Some(value), true) = (&value, fault::planted(Bug::MonotonicTtl)) {
            return Ok(Current::Value(value.clone()));
        }
        let newest = value.iter().chain(&answer).map(|held| held.version).max();
        let wanted = Wanted { id, known: newest.map_or(Known::Nothing, Known::Version) };
        let stamp = cx.gate.ask(cx, Intent::Read, &[wanted]).await?.pop().unwrap_or(Stamp::Away);
        let refresh = match &stamp {
            Stamp::Clean { version, left, .. } => *version < cx.gate.min_version() || self.is_due(cx, id, *left),
            Stamp::Missing { .. } | Stamp::Fenced | Stamp::Away => true,
        };
        if let (Stamp::Clean { version, value: packed, .. }, false) = (&stamp, refresh) {
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
        match stamp {
            Stamp::Clean { .. } => {
                count(id, "l2", "miss");
                let held = self.load(cx, aggregate).await?;
                self.fill(cx, id, None, &held).await;
                Ok(held)
            }
            Stamp::Missing { fill: Some(token), mine } => {
                count(id, "l2", "miss");
                let held = self.load_once(cx, aggregate, *token).await?;
                if *mine || fault::planted(Bug::BlindFill) {
                    self.fill(cx, id, Some(*token), &held).await;
                }
                Ok(held)
            }
            Stamp::Missing { fill: None, .. } | Stamp::Fenced => {
                count(id, "l2", "fenced");
                let held = self.load(cx, aggregate).await?;
                if fault::planted(Bug::BlindFill) {
                    self.fill(cx, id, None, &held).await;
                }
                Ok(held)
            }
            Stamp::Away => {
                count(id, "l2", "away");
                self.load(cx, aggregate).await
            }
        }
    }

    /// Whether this request refreshes the stamp before it ends, so that a much-read one never does (XFetch: Vattani,
    /// Chierichetti, Lowenstein, VLDB 2015, with beta = 1).
    fn is_due(&self, cx: &Cx, id: AggregateId, left: Duration) -> bool {
        let load = Duration::from_micros(self.level(id).load_us.load(Ordering::Relaxed));
        if left > load * EARLY_LOADS {
            return false;
        }
        let uniform = (f64::from(u32::from_be_bytes(cx.random())) + 1.0) / (f64::from(u32::MAX) + 1.0);
        left <= load.mul_f64(-uniform.ln())
    }

    /// Loads that begin under one fill token are one load: no write was acknowledged while the token stood.
    async fn load_once<A: Aggregate>(&self, cx: &Cx, aggregate: A, token: Token) -> Result<Held, ApiError> {
        let key = (aggregate.id(), token);
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

    async fn load<A: Aggregate>(&self, cx: &Cx, aggregate: A) -> Result<Held, ApiError> {
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
        cx.gate.fill(cx, &self.stamps.fill(id, token, held.version, &held.bytes, self.ttl(id))).await;
    }

    fn decode<A: Aggregate>(&self, held: &Held) -> Result<Option<A::Value>, ApiError> {
        if held.bytes.is_empty() {
            return Ok(None);
        }
        let plain = compress::unpack(&held.bytes, VALUE_LIMIT).map_err(ApiError::internal)?;
        serde_json::from_slice(&plain).map(Some).map_err(ApiError::internal)
    }

    /// What a write announces of an aggregate, packed as readers want it.
    fn news(&self, id: AggregateId, version: i64, value: Option<&[u8]>) -> News {
        let Some(value) = value else { return News { id, version, value: None } };
        let held = Held { version, bytes: compress::pack(value, self.level(id).policy.compress) };
        self.hold(id, Form::Value, &held);
        News { id, version, value: Some(held.bytes) }
    }
}

impl Cx {
    /// The aggregate as it now is; `None` when it does not exist or is another player's.
    ///
    /// # Errors
    /// 429 when the request comes too soon, 503 without Postgres.
    pub async fn read<A: Aggregate>(&self, aggregate: A) -> Result<Option<A::Value>, ApiError> {
        match self.cache().current(self, aggregate, Form::Value).await? {
            Current::Answer(held) | Current::Value(held) => self.cache().decode::<A>(&held),
        }
    }

    /// The 200 that shows the aggregate as it now is, marked with its version: the one this process gave before if it
    /// still stands, else what `render` makes of the value. `query` tells apart what one route can be asked; `None` keeps
    /// no answer.
    ///
    /// # Errors
    /// As [`Cx::read`], and those of `render`.
    pub async fn answer<A: Aggregate, T>(
        &self,
        aggregate: A,
        query: Option<u64>,
        render: impl AsyncFnOnce(A::Value) -> Reply<T>,
    ) -> Result<Option<Answer<T>>, ApiError> {
        let (cache, id) = (self.cache(), aggregate.id());
        let (route, locale) = (self.gate.route_id(), self.locale());
        let form = query.map_or(Form::Value, |query| Form::Answer { route, locale, query });
        let held = match cache.current(self, aggregate, form).await? {
            Current::Answer(held) => {
                return Ok(Some(Answer::held(held.bytes).versioned(self, held.version)));
            }
            Current::Value(held) => held,
        };
        let Some(value) = cache.decode::<A>(&held)? else { return Ok(None) };
        let answer = render(value).await?.versioned(self, held.version);
        if form != Form::Value {
            cache.hold(id, form, &Held { version: held.version, bytes: answer.body.clone() });
        }
        Ok(Some(answer))
    }

    /// The aggregate as it now is, for a write: fences it and `also`, so that no one believes any cache about them until
    /// the write is settled. What is cached is believed only if it is of version `at_least` or newer.
    ///
    /// # Errors
    /// As [`Cx::read`]; with CACHE_STRICT also 503 when Redis cannot be reached.
    pub async fn claim<A: Aggregate>(
        &self,
        aggregate: A,
        also: impl Aggregate,
        at_least: i64,
    ) -> Result<Option<A::Value>, ApiError> {
        fault::point(Step::Gate);
        let (cache, id) = (self.cache(), aggregate.id());
        let value = cache.held(id, Form::Value);
        let known = value.as_ref().map_or(Known::Nothing, |held| Known::Version(held.version));
        let wanted = [Wanted { id, known }, Wanted { id: also.id(), known: Known::Indifferent }];
        let stamp = self.gate.ask(self, Intent::Write, &wanted).await?.into_iter().next().unwrap_or(Stamp::Away);
        fault::point(Step::Fence);
        let held = match stamp {
            Stamp::Clean { version, value: packed, .. } if version >= at_least => {
                let value = value.filter(|value| value.version == version);
                count(id, "l1", if value.is_some() { "hit" } else { "miss" });
                if value.is_none() {
                    count(id, "l2", if packed.is_some() { "hit" } else { "miss" });
                }
                value.or(packed.map(|bytes| Held { version, bytes }))
            }
            _ => {
                count(id, "l1", "miss");
                count(id, "l2", "miss");
                None
            }
        };
        let held = match held {
            Some(held) => held,
            None => cache.load(self, aggregate).await?,
        };
        cache.decode::<A>(&held)
    }

    /// Fences aggregates whose present value a write does not need. Fails as [`Cx::claim`] does.
    pub(crate) async fn fence(&self, aggregates: &[AggregateId]) -> Result<(), ApiError> {
        fault::point(Step::Gate);
        let wanted: Vec<_> = aggregates.iter().map(|id| Wanted { id: *id, known: Known::Indifferent }).collect();
        self.gate.ask(self, Intent::Write, &wanted).await?;
        fault::point(Step::Fence);
        Ok(())
    }

    /// What a committed write has to tell: the new version, and the value where it is at hand.
    pub(crate) fn news(&self, aggregate: impl Aggregate, version: i64, value: Option<&[u8]>) -> News {
        self.cache().news(aggregate.id(), version, value)
    }
}

/// One question to one tier. A hit on any tier is a read without SQL.
fn count(id: AggregateId, tier: &'static str, outcome: &'static str) {
    metrics::counter!("cache_requests_total",
        "class" => id.kind.class().as_str(), "tier" => tier, "outcome" => outcome)
    .increment(1);
}
