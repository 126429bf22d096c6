//! The application under test, in this process: the very router that production serves, over a real PostgreSQL (a
//! database of its own per test) and a real Redis, in a world whose clock stands still and whose dice are seeded.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use axum::{Router, body::Body, extract::ConnectInfo};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use platform::{
    Ctx, Route,
    config::Config,
    ctx::{Phase, World},
    http::{RoundTrips, router},
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use crate::{database, sessions_table::SessionsTable};

/// Token keys of every test; nothing else trusts them.
pub const SIGNING_KEY: &str = "test:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
/// The public half of [`SIGNING_KEY`].
pub const VERIFYING_KEY: &str = "test:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w";

/// The application and the world it lives in.
pub struct TestApp {
    router: Router,
    ctx: Ctx,
    world: TestWorld,
}

/// A clock that moves only when told, and dice that always fall the same.
#[derive(Clone)]
pub struct TestWorld(Arc<(AtomicI64, AtomicU64)>);

impl TestWorld {
    /// 2026-06-01 12:00 UTC, before throw number `first`.
    fn new(first: u64) -> Self {
        Self(Arc::new((AtomicI64::new(1_780_315_200), AtomicU64::new(first))))
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: i64) {
        self.0.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl World for TestWorld {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.0.load(Ordering::Relaxed), 0).unwrap_or_default()
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let throw = self.0.1.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(throw.to_be_bytes())[..chunk.len()]);
        }
    }
}

impl TestApp {
    /// The application of `routes` on a database of its own, without rate limits.
    ///
    /// # Panics
    /// When PostgreSQL or Redis cannot be had: a missing service fails a test, it never skips it.
    pub async fn new(routes: impl IntoIterator<Item = &'static Route>) -> Self {
        Self::with_settings(routes, &[]).await
    }

    /// As [`TestApp::new`], with its sessions in a table of DynamoDB of its own.
    ///
    /// # Panics
    /// As [`TestApp::new`].
    pub async fn on_dynamodb(routes: impl IntoIterator<Item = &'static Route>) -> (Self, SessionsTable) {
        let table = SessionsTable::fresh().await.expect("a table for this test");
        let settings = on(&table.name, &table.endpoint);
        (Self::with_settings(routes, &settings).await, table)
    }

    /// As [`TestApp::new`], with settings of the caller's.
    ///
    /// # Panics
    /// As [`TestApp::new`], and when a setting is not valid.
    pub async fn with_settings(routes: impl IntoIterator<Item = &'static Route>, settings: &[(&str, &str)]) -> Self {
        let given = settings.iter().find(|(key, _)| *key == "DATABASE_URL");
        let database_url = match given {
            Some((_, url)) => (*url).to_owned(),
            None => database::fresh().await.expect("a database for this test"),
        };
        Self::start(routes, settings, &database_url, TestWorld::new(0)).await
    }

    /// Another process of the same deployment: the same database, Redis and sessions, caches and dice of its own.
    ///
    /// # Panics
    /// As [`TestApp::with_settings`].
    pub async fn beside(&self, routes: impl IntoIterator<Item = &'static Route>, settings: &[(&str, &str)]) -> Self {
        let database_url = self.ctx.config().database_url.expose_secret().to_owned();
        let mut settings = settings.to_vec();
        if let Some(dynamo) = &self.ctx.config().dynamodb_sessions {
            settings.extend(on(&dynamo.table, dynamo.endpoint.as_deref().unwrap_or_default()));
        }
        Self::start(routes, &settings, &database_url, TestWorld::new(1 << 32)).await
    }

    async fn start(
        routes: impl IntoIterator<Item = &'static Route>,
        settings: &[(&str, &str)],
        database_url: &str,
        world: TestWorld,
    ) -> Self {
        let redis_url = match settings.iter().any(|(key, _)| *key == "REDIS_URL") {
            true => String::new(),
            false => database::redis_url().await.expect("Redis for this test"),
        };
        // The database's own name: tests throw the same dice, so their players have the same ids.
        let namespace = database_url.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        let defaults = [
            ("APP_ENV", "test"),
            ("DATABASE_URL", database_url),
            ("REDIS_NAMESPACE", namespace),
            ("DATABASE_MAX_CONNECTIONS", "5"),
            ("REDIS_URL", redis_url.as_str()),
            ("AUTH_SIGNING_KEY", SIGNING_KEY),
            ("AUTH_VERIFYING_KEYS", VERIFYING_KEY),
            ("RATE_LIMIT_PERCENT", "0"),
            ("ARGON2_MEMORY_KIB", "64"),
            ("ARGON2_ITERATIONS", "1"),
        ];
        let config = Config::from_lookup(|name| {
            let all = settings.iter().chain(&defaults);
            all.into_iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let ctx = Ctx::with_world(config.expect("valid settings"), Arc::new(world.clone())).expect("usable settings");
        ctx.enter(Phase::Serving);
        Self { router: router(&ctx, routes), ctx, world }
    }

    /// The process under test.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Its clock and dice.
    pub fn world(&self) -> &TestWorld {
        &self.world
    }

    /// A request to be described and sent.
    pub fn request(&self, method: Method, path: &str) -> TestRequest<'_> {
        TestRequest { app: self, request: Request::builder().method(method).uri(path), body: Body::empty(), ip: None }
    }

    /// A GET.
    pub fn get(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    /// A POST of JSON.
    pub fn post(&self, path: &str, body: &Value) -> TestRequest<'_> {
        self.request(Method::POST, path).json(body)
    }

    /// Registers a player and returns the access token. Needs the `auth` routes.
    ///
    /// # Panics
    /// When that fails.
    pub async fn register(&self, username: &str) -> String {
        let body = json!({"username": username, "password": "correct horse battery"});
        let answer = self.post("/api/v1/auth/register", &body).send().await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.data()["access_token"].as_str().expect("a token").to_owned()
    }
}

/// Sessions in a table of DynamoDB. The server is slow where the machine is busy, and no test is about that.
fn on<'a>(table: &'a str, endpoint: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("SESSION_STORE", "dynamodb"),
        ("SESSIONS_TABLE", table),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
        ("DYNAMODB_TIMEOUT_MS", "10000"),
    ]
}

/// A request on its way.
pub struct TestRequest<'a> {
    app: &'a TestApp,
    request: http::request::Builder,
    body: Body,
    ip: Option<std::net::IpAddr>,
}

impl TestRequest<'_> {
    /// With a bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header(header::AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// From a client address.
    #[must_use]
    pub fn from_ip(mut self, ip: std::net::IpAddr) -> Self {
        self.ip = Some(ip);
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    /// With any body.
    #[must_use]
    pub fn raw(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self.header(header::CONTENT_TYPE.as_str(), content_type)
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Panics
    /// When the request is not one, or the answer breaks off.
    pub async fn send(self) -> TestAnswer {
        let mut request = self.request.body(self.body).expect("a valid request");
        if let Some(ip) = self.ip {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(ip, 0)));
        }
        let response = match self.app.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole answer").to_bytes();
        let trips = parts
            .extensions
            .get::<Arc<RoundTrips>>()
            .map(|trips| Trips { redis: trips.redis.load(Ordering::Relaxed), sql: trips.sql.load(Ordering::Relaxed) });
        TestAnswer { status: parts.status, headers: parts.headers, body: body.to_vec(), trips }
    }
}

/// How often a request went to Redis and to Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trips {
    /// Scripts and pipelines.
    pub redis: u32,
    /// Statements.
    pub sql: u32,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct TestAnswer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
    trips: Option<Trips>,
}

impl TestAnswer {
    /// What it cost behind the server.
    ///
    /// # Panics
    /// When it did not pass the edge.
    pub fn trips(&self) -> Trips {
        self.trips.expect("the edge counted")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// `data` of a success.
    ///
    /// # Panics
    /// When it is none.
    pub fn data(&self) -> Value {
        let mut json = self.json();
        assert_eq!(json["success"], true, "{json}");
        json["data"].take()
    }

    /// `error` of a refusal.
    ///
    /// # Panics
    /// When it is none.
    pub fn error(&self) -> Value {
        let mut json = self.json();
        assert_eq!(json["success"], false, "{json}");
        json["error"].take()
    }

    /// A header as text; empty when missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
