//! What `cargo xtask drill growth` runs: the same player does the same things while the tables hold ever more lives of
//! others. Every statement must keep its plan and touch the same buffers, but for the levels that the trees of its
//! indexes gain.
//!
//! The application runs in this process, over HTTP's own router and without Redis, so that every read reaches Postgres;
//! its dice fall the same each time, so the player's life does, too. The plans are the server's own account of what it
//! ran (`auto_explain`), so prepared statements count with the plan they really had.

mod fill;
mod plans;

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::{
    app::TestApp,
    database,
    services::{Profile, Sandbox},
};
use uuid::Uuid;

use self::plans::{Log, Seen};

/// The seed's own example of a query to be optimised.
const SEED_QUERY: &str = "SELECT * FROM characters c
    JOIN character_attributes ca ON c.character_id = ca.character_id
    WHERE c.user_id = $1 AND c.is_active = true";

/// What must have been seen at every size; the rest of what ran is compared as well.
const WANTED: [&str; 5] = ["roster", "life-state", "events-descending", "life-append", "seed-characters-attributes"];

/// Years the player lives while being watched.
const YEARS: usize = 12;

#[derive(Parser)]
struct Args {
    /// Numbers of events at which to look, rising.
    #[arg(long, value_delimiter = ',', default_value = "100000,1000000")]
    events: Vec<u64>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the drill's figures")]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.events.len() >= 2 && args.events.is_sorted(), "growth needs two sizes or more, rising");
    let sandbox = Sandbox::new()?;
    let services = sandbox.services().clone();
    let log = Log::at(services.local_dir().join("test/postgres.log"));
    let postgres = tokio::task::spawn_blocking(move || services.postgres(Profile::Test)).await??;
    database::migrate(&postgres.admin_url).await?;
    // Opened before plans are logged: filling is nobody's request.
    let mut admin = PgConnection::connect(&postgres.admin_url).await?;
    plans::log_from_now(&mut admin).await?;

    let mut sizes = Vec::new();
    for events in &args.events {
        let started = Instant::now();
        // Once before the first fill, too: the lives of others are made from a real one.
        if sizes.is_empty() {
            watch(&postgres.admin_url, &log).await?;
            fill::first_visitors(&mut admin).await?;
        }
        fill::up_to(&mut admin, *events).await?;
        let filled = started.elapsed();
        forget_player(&mut admin).await?;
        fill::settle(&mut admin).await?;
        let seen = watch(&postgres.admin_url, &log).await?;
        println!("events={events} filled_s={:.0} statements={}", filled.as_secs_f64(), seen.len());
        sizes.push((*events, seen));
    }
    plans::render(&sizes);
    let grown = plans::compare(&sizes, &WANTED);
    for one in &grown {
        println!("grown: {one}");
    }
    println!(
        "sizes={} statements={} grown={}",
        sizes.len(),
        sizes.first().map_or(0, |(_, seen)| seen.len()),
        grown.len()
    );
    ensure!(grown.is_empty(), "cost grows with the tables");
    Ok(())
}

/// Two players live a few years: one to warm the connection and its prepared statements, one to be watched.
async fn watch(url: &str, log: &Log) -> Result<Seen> {
    let settings = [("DATABASE_URL", url), ("DATABASE_MAX_CONNECTIONS", "1"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    Player::join(&app, "growth_warm").await?.live().await?;
    let watched = Player::join(&app, "growth_watched").await?;
    let from = log.end()?;
    watched.live().await?;
    let mut direct = PgConnection::connect(url).await?;
    for _ in 0..YEARS {
        sqlx::query(SEED_QUERY).bind(watched.user).fetch_all(&mut direct).await?;
    }
    log.since(from, SEED_QUERY)
}

/// Makes room for the same player again.
async fn forget_player(admin: &mut PgConnection) -> Result<()> {
    const MINE: &str =
        "SELECT c.character_id FROM characters c JOIN users u USING (user_id) WHERE u.username LIKE 'growth%'";
    for sql in [
        format!("DELETE FROM events WHERE character_id IN ({MINE})"),
        "DELETE FROM users WHERE username LIKE 'growth%'".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *admin).await?;
    }
    Ok(())
}

/// Somebody with three characters, one of them alive.
struct Player<'a> {
    app: &'a TestApp,
    token: String,
    user: Uuid,
    character: String,
}

impl<'a> Player<'a> {
    async fn join(app: &'a TestApp, name: &str) -> Result<Self> {
        let token = app.register(name).await;
        let mut player = Self { app, token, user: Uuid::nil(), character: String::new() };
        let profile = player.ask(Method::GET, "/api/v1/auth/profile", None, StatusCode::OK).await?;
        player.user = profile["user_id"].as_str().context("no user id")?.parse()?;
        for _ in 0..3 {
            let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
            let dealt = player.ask(Method::POST, "/api/v1/characters", Some(body), StatusCode::CREATED).await?;
            player.character = dealt["character_id"].as_str().context("no character id")?.to_owned();
        }
        Ok(player)
    }

    /// Reads everything and lives a year, over and over.
    async fn live(&self) -> Result<()> {
        let path = |what: &str| format!("/api/v1/game/{what}/{}", self.character);
        let mut version = 1;
        self.ask(Method::POST, &path("start"), Some(json!({"expected_version": version})), StatusCode::OK).await?;
        version += 1;
        for _ in 0..YEARS {
            self.ask(Method::GET, "/api/v1/characters", None, StatusCode::OK).await?;
            self.ask(Method::GET, &path("events"), None, StatusCode::OK).await?;
            let state = self.ask(Method::GET, &path("state"), None, StatusCode::OK).await?;
            let (verb, mut body) = match state["pending_decisions"].get(0) {
                Some(open) => {
                    ("decision", json!({"decision_id": open["decision_id"], "option_id": open["default_option_id"]}))
                }
                None => ("advance", json!({"mode": "steady"})),
            };
            body["expected_version"] = version.into();
            self.ask(Method::POST, &path(verb), Some(body), StatusCode::OK).await?;
            version += 1;
        }
        Ok(())
    }

    /// The `data` of an answer.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>, expected: StatusCode) -> Result<Value> {
        let request = self.app.request(method, path).token(&self.token);
        let request = match &body {
            Some(body) => request.json(body).header("idempotency-key", &Uuid::new_v4().to_string()),
            None => request,
        };
        let answer = request.send().await;
        ensure!(answer.status == expected, "{path}: {} {}", answer.status, answer.text());
        Ok(answer.data())
    }
}
