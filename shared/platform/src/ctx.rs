//! What a handler may use: [`Ctx`] lives as long as the process, [`Cx`] as long as one request.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
};

use chrono::{DateTime, SubsecRound, Utc};
use engine::{Content, Locale};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{
    auth::token::TokenVerifier,
    cache::{Redis, gate::Gate, manager::CacheManager, rate::RateLimiter},
    config::Config,
    http::info::RequestInfo,
    probe::{LastProbe, Probe},
    route::{Rate, Route},
    session::DynamoSessions,
    store::Db,
    telemetry::traces::{Open, Traces},
};

/// Where time and randomness come from; tests put fixed ones in their place.
pub trait World: Send + Sync + 'static {
    /// The wall clock.
    fn now(&self) -> DateTime<Utc>;
    /// Fills `bytes` from a cryptographic source.
    fn fill(&self, bytes: &mut [u8]);
}

/// The real clock and the operating system's randomness.
pub struct RealWorld;

impl World for RealWorld {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the wall clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the one place that asks for entropy; without it nothing is safe"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// Whether this process wants traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Not yet listening.
    Starting = 0,
    /// Serving.
    Serving = 1,
    /// Finishing what it has; wants nothing new.
    Draining = 2,
}

/// The process's own things: settings, pool, Redis, content, keys. Cloning is one reference count.
#[derive(Clone)]
pub struct Ctx(Arc<Inner>);

struct Inner {
    config: Config,
    db: Db,
    redis: Option<Redis>,
    dynamo: Option<DynamoSessions>,
    limiter: RateLimiter,
    cache: CacheManager,
    tokens: TokenVerifier,
    traces: Option<Traces>,
    world: Arc<dyn World>,
    phase: AtomicU8,
    warm: AtomicBool,
    probe: LastProbe,
    kept: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Ctx {
    /// Assembles the process from its settings. Opens no connection: pool, Redis and DynamoDB connect at first use.
    /// Must be called on a Tokio runtime, where the pool keeps its housekeeping.
    ///
    /// # Errors
    /// When a URL or key that looked right cannot be used.
    pub fn new(config: Config) -> Result<Self, CtxError> {
        Self::with_world(config, Arc::new(RealWorld))
    }

    /// As [`Ctx::new`], in a world of the caller's.
    ///
    /// # Errors
    /// As [`Ctx::new`].
    pub fn with_world(config: Config, world: Arc<dyn World>) -> Result<Self, CtxError> {
        let db =
            Db::connect_lazy(&config, Arc::clone(&world)).map_err(|error| CtxError("DATABASE_URL", error.into()))?;
        let redis = match &config.redis_url {
            Some(url) => {
                Some(Redis::connect_lazy(url.expose_secret()).map_err(|error| CtxError("REDIS_URL", error.into()))?)
            }
            None => None,
        };
        let tokens = TokenVerifier::new(&config.auth_verifying_keys)
            .map_err(|error| CtxError("AUTH_VERIFYING_KEYS", error.into()))?;
        let dynamo = config.dynamodb_sessions.clone().map(DynamoSessions::lazy);
        let limiter = RateLimiter::new(config.rate_limit_percent, &config.redis_namespace);
        let cache = CacheManager::new(&config);
        let traces =
            config.traces.as_ref().map(|settings| Traces::new(settings, config.app_env, new_id(world.as_ref())));
        Ok(Self(Arc::new(Inner {
            config,
            db,
            redis,
            dynamo,
            limiter,
            cache,
            tokens,
            traces,
            world,
            phase: AtomicU8::new(Phase::Starting as u8),
            warm: AtomicBool::new(false),
            probe: LastProbe::default(),
            kept: Mutex::default(),
        })))
    }

    /// The validated settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Postgres, for what belongs to no request. For `store`, and for nothing else.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Redis, where there is one.
    pub fn redis(&self) -> Option<&Redis> {
        self.0.redis.as_ref()
    }

    /// DynamoDB, where sessions are kept there.
    pub(crate) fn dynamo(&self) -> Option<&DynamoSessions> {
        self.0.dynamo.as_ref()
    }

    pub(crate) fn limiter(&self) -> &RateLimiter {
        &self.0.limiter
    }

    /// Writes the state of caches and connections into the metrics, for a scrape that is about to read them.
    pub fn report(&self) {
        self.0.cache.report();
        self.0.db.report();
    }

    pub(crate) fn cache(&self) -> &CacheManager {
        &self.0.cache
    }

    pub(crate) fn tokens(&self) -> &TokenVerifier {
        &self.0.tokens
    }

    /// The way to the collector of traces, where there is one.
    pub(crate) fn traces(&self) -> Option<&Traces> {
        self.0.traces.as_ref()
    }

    /// The game's content, decoded at first use.
    pub fn content(&self) -> &'static Content {
        Content::builtin()
    }

    /// The wall clock, to the microsecond that Postgres keeps.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.world.now().trunc_subsecs(6)
    }

    /// `N` random bytes fit for keys and tokens.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.world.fill(&mut bytes);
        bytes
    }

    /// A fresh UUIDv7.
    pub fn new_id(&self) -> Uuid {
        new_id(self.0.world.as_ref())
    }

    /// What a domain keeps for as long as the process lives: one of each type, made when it is first asked for. Meant for
    /// clients and queues, which a domain has and the platform knows nothing of; `make` must not take long.
    pub fn keep<T: Any + Send + Sync>(&self, make: impl FnOnce(&Config) -> T) -> Arc<T> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(found)) = kept.get(&TypeId::of::<T>()).cloned().map(Arc::downcast) {
            return found;
        }
        let made = Arc::new(make(self.config()));
        kept.insert(TypeId::of::<T>(), Arc::<T>::clone(&made));
        made
    }

    /// Whether this process wants traffic.
    pub fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Serving,
            _ => Phase::Draining,
        }
    }

    /// Moves the process to another phase.
    pub fn enter(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Release);
    }

    /// True once: for the first request this process answers. Probes do not count: nobody waits for them.
    pub(crate) fn take_cold_start(&self, route: &Route) -> bool {
        // Nearly always warm: a look costs less than a write.
        if route.rate == Rate::Unlimited || self.0.warm.load(Ordering::Relaxed) {
            return false;
        }
        let is_first = !self.0.warm.swap(true, Ordering::AcqRel);
        if is_first {
            metrics::counter!("cold_starts_total", "route" => route.id).increment(1);
        }
        is_first
    }
}

fn new_id(world: &dyn World) -> Uuid {
    let millis = u64::try_from(world.now().timestamp_millis()).unwrap_or_default();
    let mut random = [0; 10];
    world.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// A setting that was well-formed but cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0} cannot be used: {1}")]
pub struct CtxError(&'static str, Box<dyn std::error::Error + Send + Sync>);

/// One request's view of the process. Dereferences to [`Ctx`].
#[derive(Clone)]
pub struct Cx {
    pub(crate) ctx: Ctx,
    pub(crate) info: RequestInfo,
    pub(crate) gate: Gate,
    db: Db,
}

impl Cx {
    pub(crate) fn new(ctx: Ctx, info: RequestInfo, gate: Gate) -> Self {
        let db = ctx.db().counted_to(&info);
        Self { ctx, info, gate, db }
    }

    /// Postgres; statements count to this request. For `store`, and for nothing else.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Whether Postgres, Redis and DynamoDB answer, as found within the last second.
    pub async fn probe(&self) -> Probe {
        self.ctx.0.probe.get(self).await
    }

    /// The route's id, as in logs and metrics.
    pub fn route_id(&self) -> &'static str {
        self.info.route().id
    }

    /// What the client, the log and every error call this request.
    pub fn request_id(&self) -> &str {
        self.info.request_id()
    }

    /// The trace this request belongs to: 32 hex digits.
    pub fn trace_id(&self) -> &str {
        self.info.trace_id()
    }

    /// Does a part of this request's work; its name and how long it took are told where the request is traced.
    pub fn in_span<T>(&self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let _span = self.info.trips().trace().map(|trace| trace.part(name));
        work()
    }

    /// A call of another server by HTTP, told where the request is traced: to be ended with the answer's status.
    pub fn calling(&self, method: &'static str, server: &str) -> Option<Open<'_>> {
        let mut span = self.info.trips().trace()?.call(method);
        span.set("http.request.method", method);
        let (host, port) = server.rsplit_once(':').unwrap_or((server, ""));
        match port.parse::<u16>() {
            Ok(port) => {
                span.set("server.address", host.to_owned());
                span.set("server.port", u32::from(port));
            }
            Err(_) => span.set("server.address", server.to_owned()),
        }
        Some(span)
    }

    /// The language the client asked for.
    pub fn locale(&self) -> Locale {
        self.info.locale()
    }

    /// The address the request came from, as far as it can be believed.
    pub fn client_ip(&self) -> std::net::IpAddr {
        self.info.client_ip()
    }
}

impl std::ops::Deref for Cx {
    type Target = Ctx;
    fn deref(&self) -> &Ctx {
        &self.ctx
    }
}
