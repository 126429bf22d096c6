//! What `cargo xtask drill thaw` runs: the application in this process, warm, is frozen for an hour as Lambda freezes a
//! container. The wall clock jumps, the monotonic one does not, and the sockets to Postgres and Redis are half-open.
//! Not one request may fail, and nothing may be reconnected more than once.

use std::{net::SocketAddr, time::Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::{
    app::{TestAnswer, TestApp},
    database,
    proxy::Proxy,
    services::{Profile, Sandbox},
};

/// An hour, in seconds.
const FREEZE_S: i64 = 3600;
/// The longest a request may take after a thaw, ms: a ping and a script that are given up, and some air.
const SLOWEST_MS: u128 = 3_000;
/// Containers: connections each may open, and requests it is sent at once. Lambda's, and a paused server's.
const CONTAINERS: [(u64, usize); 2] = [(1, 1), (8, 16)];

#[derive(Parser)]
struct Args {
    /// How often to freeze each container.
    #[arg(long, default_value_t = 5)]
    freezes: u64,
    /// Requests after each thaw.
    #[arg(long, default_value_t = 40)]
    requests: usize,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the drill's figures")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let sandbox = Sandbox::new()?;
    let services = sandbox.services().clone();
    let (postgres, redis) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((services.postgres(Profile::Test)?, services.redis(Profile::Test)?))
    })
    .await??;
    let mut admin = PgConnection::connect(&postgres.admin_url).await?;

    let mut whole = Tally::default();
    for (connections, at_once) in CONTAINERS {
        // Of its own: the dice of every application in here fall the same.
        let name = format!("thaw_{connections}");
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
        database::migrate(&postgres.url_of(&name)).await?;
        let (postgres, server_url) = through_a_proxy(&postgres.tcp_url).await?;
        let (redis, redis_url) = through_a_proxy(&redis.url).await?;
        let (redis_url, database_url) = (format!("{redis_url}/0"), format!("{server_url}/{name}"));
        let settings = [
            ("DATABASE_URL", database_url.as_str()),
            ("DATABASE_MAX_CONNECTIONS", &connections.to_string()),
            ("REDIS_URL", redis_url.as_str()),
            ("RATE_LIMIT_PERCENT", "100000"),
        ];
        let app = TestApp::with_settings(gateway::routes(None), &settings).await;
        let container = Container { app, postgres, redis, at_once, name };
        let tally = container.drill(&args).await?;
        println!("connections={connections} at_once={at_once} {}", tally.line());
        ensure!(tally.postgres_reconnects <= connections, "more reconnects to Postgres than there are connections");
        whole.add(&tally);
    }
    println!("{}", whole.line());
    let enough = u64::try_from(CONTAINERS.len() * args.requests)? * args.freezes;
    ensure!(whole.requests >= enough, "too few requests");
    ensure!(whole.failed == 0, "requests failed");
    ensure!(whole.redis_reconnects <= 1, "a container reconnected to Redis more than once");
    ensure!(whole.slowest_ms <= SLOWEST_MS, "a request took longer than {SLOWEST_MS} ms");
    Ok(())
}

/// A proxy to the server of a URL, and that URL through it, without its path.
async fn through_a_proxy(url: &str) -> Result<(Proxy, String)> {
    let (user, rest) = url.rsplit_once('@').context("no user in the URL")?;
    let (address, _) = rest.split_once('/').context("no path in the URL")?;
    let proxy = Proxy::to(address.parse::<SocketAddr>()?).await?;
    let url = format!("{user}@{}", proxy.address());
    Ok((proxy, url))
}

/// What was counted; reconnects and time are the worst of one thaw.
#[derive(Default)]
struct Tally {
    requests: u64,
    failed: u64,
    postgres_reconnects: u64,
    redis_reconnects: u64,
    slowest_ms: u128,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.postgres_reconnects = self.postgres_reconnects.max(other.postgres_reconnects);
        self.redis_reconnects = self.redis_reconnects.max(other.redis_reconnects);
        self.slowest_ms = self.slowest_ms.max(other.slowest_ms);
    }

    fn line(&self) -> String {
        let Self { requests, failed, postgres_reconnects, redis_reconnects, slowest_ms } = self;
        format!(
            "requests={requests} failed={failed} postgres_reconnects={postgres_reconnects} \
             redis_reconnects={redis_reconnects} slowest_ms={slowest_ms}"
        )
    }
}

/// One process and its lines to the servers.
struct Container {
    app: TestApp,
    postgres: Proxy,
    redis: Proxy,
    at_once: usize,
    name: String,
}

impl Container {
    async fn drill(&self, args: &Args) -> Result<Tally> {
        self.app.register(&self.name).await;
        let mut tally = Tally::default();
        for _ in 0..args.freezes {
            // Warm: every connection is open.
            self.use_it(args.requests, &mut Tally::default()).await?;
            self.postgres.strand();
            self.redis.strand();
            self.app.world().wait(FREEZE_S);
            let before = (self.postgres.connections(), self.redis.connections());
            let mut thaw = Tally::default();
            self.use_it(args.requests, &mut thaw).await?;
            thaw.postgres_reconnects = self.postgres.connections() - before.0;
            thaw.redis_reconnects = self.redis.connections() - before.1;
            tally.add(&thaw);
        }
        Ok(tally)
    }

    /// Signs in, for the token has expired, and then reads and writes.
    async fn use_it(&self, requests: usize, tally: &mut Tally) -> Result<()> {
        let body = json!({"username": self.name, "password": "correct horse battery"});
        let login = timed(tally, StatusCode::OK, self.app.post("/api/v1/auth/login", &body).send()).await;
        let login = login.json();
        let token = login["data"]["access_token"].as_str().context("no token")?;
        let places: Vec<_> = (0..requests).collect();
        for together in places.chunks(self.at_once) {
            for one in join_all(together.iter().map(|place| self.one(token, *place))).await {
                tally.add(&one);
            }
        }
        Ok(())
    }

    /// One request; one in four writes.
    async fn one(&self, token: &str, place: usize) -> Tally {
        let mut tally = Tally::default();
        if place.is_multiple_of(4) {
            let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
            let request = self.app.post("/api/v1/characters", &body).token(token);
            timed(&mut tally, StatusCode::CREATED, request.send()).await;
        } else {
            let path = if place.is_multiple_of(2) { "/api/v1/auth/profile" } else { "/api/v1/characters" };
            timed(&mut tally, StatusCode::OK, self.app.get(path).token(token).send()).await;
        }
        tally
    }
}

#[expect(clippy::print_stderr, reason = "what went wrong belongs with the figures")]
async fn timed(tally: &mut Tally, expected: StatusCode, request: impl Future<Output = TestAnswer>) -> TestAnswer {
    let started = Instant::now();
    let answer = request.await;
    tally.requests += 1;
    tally.slowest_ms = tally.slowest_ms.max(started.elapsed().as_millis());
    if answer.status != expected {
        tally.failed += 1;
        eprintln!("{}: {}", answer.status, answer.text());
    }
    answer
}
