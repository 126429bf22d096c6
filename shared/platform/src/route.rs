//! The route table's row. Everything that must know the routes (Lambda bins, the gateway's router, metric labels,
//! SAM and Kubernetes templates, OpenAPI) reads this and nothing else.

use std::{fmt, time::Duration};

use axum::routing::MethodRouter;

use crate::{ctx::Ctx, http::docs::Operation};

/// HTTP method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are HTTP's own")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
    /// Every method: the fallback route only.
    Any,
}

impl Method {
    /// As written on the wire; `ANY` for the fallback.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Any => "ANY",
        }
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Anyone.
    Public,
    /// Whoever holds a valid access token.
    Player,
    /// Anyone; a player where an access token is sent, and a token that is sent must be valid.
    Optional,
}

/// What only those functions are given that cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// AUTH_SIGNING_KEY: to mint tokens, or to seal what only those who can may open.
    SigningKey,
    /// MAIL_URL and MAIL_FROM.
    Mail,
    /// OAUTH_PROVIDERS: who else may say who a player is, and our secrets with them.
    OauthProviders,
    /// OUTBOX_WEBHOOK_KEY: to sign what others are told.
    WebhookKey,
}

impl Secret {
    /// As in the printed tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SigningKey => "signing_key",
            Self::Mail => "mail",
            Self::OauthProviders => "oauth_providers",
            Self::WebhookKey => "webhook_key",
        }
    }
}

/// What a route asks of the store of sessions, and so what its function may do there. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionAccess {
    /// Nothing but, on a player's route, whether the player's own session stands.
    Default,
    /// To read one session.
    Get,
    /// To list a player's sessions.
    List,
    /// To open, refresh and end sessions.
    Write,
}

/// Which rate limit a route counts against. The figures stand in [`crate::cache::rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Registration and login: few, per client address.
    Auth,
    /// Writes of play: per player.
    Play,
    /// Reads: per player.
    Read,
    /// What lives whole lives again to answer: per player, a hundredth of a second of processor each.
    Relive,
    /// Anonymous reads: per client address.
    Public,
    /// Never limited: probes and metrics.
    Unlimited,
}

/// How an answer may be cached by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// `no-store`.
    None,
    /// `private, no-cache`: kept, but revalidated by ETag.
    Private,
    /// `public`: for an hour, then revalidated by ETag.
    Public,
}

/// In which shells a route exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shells {
    /// As a Lambda function of its own.
    pub lambda: bool,
    /// In the container (Knative, Kubernetes).
    pub container: bool,
    /// In the local process.
    pub local: bool,
}

impl Shells {
    /// Everywhere.
    pub const ALL: Self = Self { lambda: true, container: true, local: true };
    /// Everywhere but on Lambda.
    pub const PROCESS: Self = Self { lambda: false, container: true, local: true };
}

/// From where a route can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// From the internet.
    Public,
    /// From the internet once, and on every service as a probe.
    Probe,
    /// From inside the cluster only, on the metrics port.
    Private,
}

/// One operation: an id, where it is reached, who may call it, what it costs, and how it is built.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Route {
    /// `game-advance`: the Lambda function, the bin, the operationId and the metric label.
    pub id: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path with `{parameters}`; `$default` for the fallback.
    pub path: &'static str,
    /// Who may call it.
    pub auth: Auth,
    /// Which limit it counts against.
    pub rate: Rate,
    /// Whether an `Idempotency-Key` is honoured.
    pub idempotent: bool,
    /// Whether the request passes the gate (rate limit, session, stamps) with the handler's first read or claim of an
    /// aggregate, which saves a round trip, and not before the handler runs.
    pub passes_in_handler: bool,
    /// What it is given that other functions are not.
    pub secrets: &'static [Secret],
    /// What it asks of the store of sessions.
    pub sessions: SessionAccess,
    /// What caches may do with the answer.
    pub cache: Cache,
    /// Lambda memory in MiB (128..=10240).
    pub memory_mb: u16,
    /// Longest time a request may take, in seconds (1..=27: API Gateway waits 29, and the function gets 2 to say so).
    pub timeout_s: u8,
    /// Where it exists.
    pub shells: Shells,
    /// From where it is reached.
    pub exposure: Exposure,
    /// Its page in the OpenAPI document.
    pub docs: fn(Operation) -> Operation,
    /// Makes its handler.
    pub build: fn() -> MethodRouter<Ctx>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Route").field(&self.id).finish()
    }
}

impl Route {
    const fn describe(method: Method, id: &'static str, path: &'static str) -> RouteBuilder {
        RouteBuilder(Self {
            id,
            method,
            path,
            auth: Auth::Player,
            rate: Rate::Read,
            idempotent: false,
            passes_in_handler: false,
            secrets: &[],
            sessions: SessionAccess::Default,
            cache: Cache::None,
            memory_mb: 256,
            timeout_s: 10,
            shells: Shells::ALL,
            exposure: Exposure::Public,
            docs: |operation| operation,
            build: MethodRouter::new,
        })
    }

    /// A read.
    pub const fn get(id: &'static str, path: &'static str) -> RouteBuilder {
        Self::describe(Method::Get, id, path).cache(Cache::Private)
    }

    /// A change of state or a creation.
    pub const fn post(id: &'static str, path: &'static str) -> RouteBuilder {
        Self::describe(Method::Post, id, path).rate(Rate::Play)
    }

    /// A replacement.
    pub const fn put(id: &'static str, path: &'static str) -> RouteBuilder {
        Self::describe(Method::Put, id, path).rate(Rate::Play)
    }

    /// A removal.
    pub const fn delete(id: &'static str, path: &'static str) -> RouteBuilder {
        Self::describe(Method::Delete, id, path).rate(Rate::Play)
    }

    /// Whatever no other route answers.
    pub const fn fallback(id: &'static str) -> RouteBuilder {
        Self::describe(Method::Any, id, DEFAULT_PATH).auth(Auth::Public).rate(Rate::Public)
    }

    /// Whether this is the fallback.
    pub fn is_fallback(&self) -> bool {
        self.path == DEFAULT_PATH
    }

    /// [`Route::timeout_s`] as a duration.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s as u64)
    }
}

/// API Gateway's name for "everything else".
const DEFAULT_PATH: &str = "$default";

/// A route being described; [`RouteBuilder::build`] ends the description.
pub struct RouteBuilder(Route);

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $name(mut self, $name: $type) -> Self {
            self.0.$name = $name;
            self
        }
    )*};
}

impl RouteBuilder {
    setters! {
        /// Sets [`Route::auth`] (default: a player).
        auth: Auth,
        /// Sets [`Route::rate`].
        rate: Rate,
        /// Sets [`Route::secrets`] (default: none).
        secrets: &'static [Secret],
        /// Sets [`Route::sessions`] (default: no more than the check of the player's own).
        sessions: SessionAccess,
        /// Sets [`Route::cache`].
        cache: Cache,
        /// Sets [`Route::memory_mb`] (default: 256).
        memory_mb: u16,
        /// Sets [`Route::timeout_s`] (default: 10).
        timeout_s: u8,
        /// Sets [`Route::shells`] (default: all).
        shells: Shells,
        /// Sets [`Route::exposure`] (default: public).
        exposure: Exposure,
        /// Sets [`Route::docs`].
        docs: fn(Operation) -> Operation,
    }

    /// Honours `Idempotency-Key`: the handler must hand its [`crate::http::idem::Idem`] to the store.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.0.idempotent = true;
        self
    }

    /// The handler's first read or claim of an aggregate passes the gate, together with its one question to Redis.
    #[must_use]
    pub const fn passes_in_handler(mut self) -> Self {
        self.0.passes_in_handler = true;
        self
    }

    /// Ends the description with the handler.
    pub const fn build(mut self, build: fn() -> MethodRouter<Ctx>) -> Route {
        self.0.build = build;
        self.0
    }
}
