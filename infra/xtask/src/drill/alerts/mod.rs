//! The alerts drill: one thing after the other is broken beside a real Prometheus and a real Alertmanager with our rules and
//! routes, sixty times faster than in earnest. Of each it is shown that the right alert reaches the right people within its
//! time and nobody else's does, that it ends when the thing is mended, and that the log and a panel of a dashboard name
//! the cause. In the end every panel of every dashboard must have something to show of all this.

mod hurry;
mod panels;
mod watch;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use serde_json::Value;
use testkit::player::{Player, SeededChooser, Spec};
use testkit::proxy::Proxy;
use testkit::services::{Profile, Services, checkout_root, jq};
use tokio::process::Command;
use tokio::task::JoinSet;

use self::watch::Watch;
use crate::stack::gateway::{Build, Gateway, Log, Ports, Program};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

/// Longest wait for an alert, in earnest: its window, its `for`, and the Alertmanager's patience. Divided like the rest, it
/// leaves room for a busy machine.
const FIRES_WITHIN: Duration = Duration::from_secs(20 * 60);
/// Longest wait for its end.
const ENDS_WITHIN: Duration = Duration::from_secs(25 * 60);
/// Time between two requests of a reader.
const PAUSE: Duration = Duration::from_millis(40);
/// How long the gateway is looked at before the first fault.
const HEALTHY: Duration = Duration::from_secs(12);

/// What is broken, and what must follow.
struct Fault {
    name: &'static str,
    /// The alert, a label it must have, and who must hear of it.
    alert: &'static str,
    label: Option<(&'static str, &'static str)>,
    told: &'static str,
    /// Other alerts that may fire with it: they say the same of the same fault.
    also: &'static [&'static str],
    /// A panel that shows it: dashboard and title, and the least it must show.
    panel: (&'static str, &'static str, f64),
    /// A question to the log, and a word of its answer that names the cause.
    question: Option<(&'static str, &'static str)>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    PostgresAway,
    RedisAway,
    PostgresSlow,
    RouteBroken,
    LoginFlood,
    PartitionMissing,
}

const FAULTS: [Fault; 6] = [
    Fault {
        name: "redis_stopped",
        alert: "RedisDown",
        label: None,
        told: "chat",
        also: &["CacheHitRatioLow", "UnpublishedWrites", "InstanceCutOff", "SlowResponse"],
        panel: ("cache", "Redis reachable", 0.0),
        question: None,
        what: What::RedisAway,
    },
    Fault {
        name: "slow_queries",
        alert: "DatabaseSlow",
        label: None,
        told: "chat",
        also: &["ErrorBudgetBurn", "SlowResponse", "DatabasePoolExhausted", "CacheHitRatioLow"],
        panel: ("database", "P95 by statement", 0.05),
        question: Some(("slow-statements", "\"query\"")),
        what: What::PostgresSlow,
    },
    Fault {
        name: "route_5xx",
        alert: "RouteFailing",
        label: Some(("route", "game-events")),
        told: "chat",
        also: &["HighErrorRate", "ErrorBudgetBurn"],
        panel: ("routes", "5xx by route", 0.1),
        question: Some(("errors", "game-events")),
        what: What::RouteBroken,
    },
    Fault {
        name: "login_flood",
        alert: "LoginAttack",
        label: None,
        told: "chat",
        also: &["RateLimitFlood", "ErrorBudgetBurn"],
        panel: ("accounts", "Logins refused", 0.5),
        question: Some(("login-attacks", "\"client\":\"127.0.0.0/24\"")),
        what: What::LoginFlood,
    },
    Fault {
        name: "partition_missing",
        alert: "EventPartitionMissing",
        label: Some(("severity", "critical")),
        told: "pager",
        also: &["EventsInDefaultPartition", "ErrorBudgetBurn"],
        panel: ("database", "Years with a partition of events", 0.0),
        question: None,
        what: What::PartitionMissing,
    },
    Fault {
        name: "postgres_stopped",
        alert: "PostgresDown",
        label: None,
        told: "pager",
        also: &["HighErrorRate", "RouteFailing", "ErrorBudgetBurn", "InstanceCutOff", "DatabasePoolExhausted"],
        panel: ("database", "Postgres reachable", 0.0),
        question: Some(("errors", "\"fingerprint\"")),
        what: What::PostgresAway,
    },
];

/// Runs the drill with servers of its own and stops them again.
pub(crate) fn run() -> Result<()> {
    crate::stack::block_on(async {
        let interrupt = Interrupt::listen()?;
        let services = Services::at(checkout_root()?)?;
        let outcome = tokio::select! {
            outcome = drill(&services, &interrupt) => outcome,
            () = interrupt.requested() => Err(anyhow::anyhow!("interrupted")),
        };
        let stopped = tokio::task::spawn_blocking(move || services.stop(Profile::Drill)).await?;
        outcome.and(stopped)
    })
}

async fn drill(services: &Services, interrupt: &Interrupt) -> Result<()> {
    let started = Instant::now();
    let checkout = checkout_root()?;
    let mut stage = Stage::set(services, interrupt, &checkout).await?;
    tokio::time::sleep(HEALTHY).await;
    let quiet = stage.watch.firing().await?;
    ensure!(quiet.is_empty(), "nothing was broken yet, and it fires: {quiet:?}");
    let mut line = Vec::new();
    for fault in &FAULTS {
        let (fired, ended) = stage.suffer(fault).await.with_context(|| fault.name)?;
        say(format_args!(
            "{DIM}{}: {} after {fired:.1} s, over {ended:.1} s after it was mended{DIM:#}",
            fault.name, fault.alert
        ));
        line.push(format!("{}_fired_s={fired:.1} {}_ended_s={ended:.1}", fault.name, fault.name));
    }
    let shown = panels::look(&checkout, &stage.watch).await?;
    let requests = stage.traffic.requests.load(Ordering::Relaxed);
    stage.traffic.over.store(true, Ordering::Relaxed);
    stage.readers.shutdown().await;
    stage.gateway.stop(interrupt).await?;
    say(format_args!(
        "faults={} faster={} panels={} requests={requests} {} seconds={:.0}",
        FAULTS.len(),
        hurry::FASTER,
        shown,
        line.join(" "),
        started.elapsed().as_secs_f32()
    ));
    ensure!(requests >= 1_000, "the drill did less than it should have");
    Ok(())
}

/// A gateway between two proxies, those who read from it, and those who watch.
struct Stage {
    program: Program,
    gateway: Gateway,
    postgres: Proxy,
    redis: Proxy,
    database_url: String,
    watch: Watch,
    traffic: Arc<Traffic>,
    readers: JoinSet<()>,
    checkout: PathBuf,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct Traffic {
    requests: AtomicU64,
    over: AtomicBool,
    /// Whether somebody guesses passwords.
    guessing: AtomicBool,
}

impl Stage {
    async fn set(services: &Services, interrupt: &Interrupt, checkout: &Path) -> Result<Self> {
        let servers = services.clone();
        let (postgres_server, redis_server) = tokio::task::spawn_blocking(move || {
            anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
        })
        .await??;
        let (postgres, database_url) = through(&postgres_server.tcp_url).await?;
        let (redis, redis_url) = through(&redis_server.url).await?;
        let program = Program::build(Build::Debug, interrupt)
            .await?
            .with([("RATE_LIMIT_PERCENT", "0"), ("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")])
            .with([("DATABASE_ACQUIRE_TIMEOUT_MS", "500"), ("DATABASE_STATEMENT_TIMEOUT_MS", "500")])
            .with_keys(&services.local_dir().join("keys.env"))
            .await?
            .with([("DATABASE_URL", postgres_server.admin_url.clone())]);
        program.migrate().await?;
        let program = program.with([("DATABASE_URL", database_url), ("REDIS_URL", redis_url)]);
        let log = services.local_dir().join("drill-alerts.log");
        testkit::record::remove(&log)?;
        let ports = Ports::any()?;
        let mut gateway = program.serve(ports, Log::File(log.clone()))?;
        gateway.ready().await?;
        let folder = tempfile::tempdir()?;
        let watch = Watch::start(checkout, folder.path(), ports.metrics).await?;
        let traffic = Arc::new(Traffic::default());
        let mut readers = JoinSet::new();
        for number in 0..2 {
            readers.spawn(read(Reader::new(&gateway.url(), number).await?, Arc::clone(&traffic)));
        }
        readers.spawn(guess(gateway.url(), Arc::clone(&traffic)));
        readers.spawn(live(gateway.url(), Arc::clone(&traffic)));
        Ok(Self {
            program,
            gateway,
            postgres,
            redis,
            database_url: postgres_server.admin_url,
            watch,
            traffic,
            readers,
            checkout: checkout.to_owned(),
            log,
            _folder: folder,
        })
    }

    /// Breaks one thing, waits for its alert, looks for the cause, mends it, and waits for the alert's end. Seconds of both
    /// waits.
    async fn suffer(&mut self, fault: &Fault) -> Result<(f32, f32)> {
        self.watch.forget();
        self.breaks(fault.what).await?;
        let broken = Instant::now();
        let fired = self.wait_for(fault).await?;
        let (dashboard, title, least) = fault.panel;
        let shows = panels::worst(&self.checkout, &self.watch, dashboard, title).await?;
        let is_there = if least > 0.0 { shows >= least } else { shows == least || shows.is_nan() };
        ensure!(is_there, "{dashboard}: {title} shows {shows} and not what is broken");
        if let Some((question, word)) = fault.question {
            let answer = self.ask(question).await?;
            ensure!(answer.contains(word), "{question} does not name {word}: {answer}");
        }
        self.mend(fault.what).await?;
        let mended = Instant::now();
        let ends_by = mended + ENDS_WITHIN / u32::try_from(hurry::FASTER)?;
        loop {
            let firing = self.watch.firing().await?;
            if firing.is_empty() {
                break;
            }
            ensure!(Instant::now() < ends_by, "it was mended, and still fires: {firing:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(((fired - broken).as_secs_f32(), mended.elapsed().as_secs_f32()))
    }

    /// When the alert was there and those who should were told.
    async fn wait_for(&self, fault: &Fault) -> Result<Instant> {
        let deadline = Instant::now() + FIRES_WITHIN / u32::try_from(hurry::FASTER)?;
        loop {
            let firing = self.watch.firing().await?;
            let stranger = firing.iter().find(|labels| {
                let name = labels["alertname"].as_str().unwrap_or_default();
                name != fault.alert && !fault.also.contains(&name)
            });
            ensure!(stranger.is_none(), "{} is not what was broken", stranger.unwrap_or(&Value::Null));
            let is_there = firing.iter().any(|labels| {
                labels["alertname"] == fault.alert && fault.label.is_none_or(|(name, value)| labels[name] == value)
            });
            if is_there && self.watch.was_told(fault.told, fault.alert) {
                return Ok(Instant::now());
            }
            ensure!(Instant::now() < deadline, "{} did not reach the {}; firing: {firing:?}", fault.alert, fault.told);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn breaks(&self, what: What) -> Result<()> {
        match what {
            What::PostgresAway => self.postgres.cut(),
            What::RedisAway => self.redis.cut(),
            What::PostgresSlow => self.postgres.delay(Duration::from_millis(40)),
            What::RouteBroken => self.sql("ALTER TABLE events RENAME TO events_away").await?,
            What::LoginFlood => self.traffic.guessing.store(true, Ordering::Relaxed),
            What::PartitionMissing => {
                let drop = "DO $$ BEGIN EXECUTE format('DROP TABLE events_%s', extract(year FROM now())); END $$";
                self.sql(drop).await?;
            }
        }
        Ok(())
    }

    async fn mend(&self, what: What) -> Result<()> {
        match what {
            What::PostgresAway | What::PostgresSlow => self.postgres.heal(),
            What::RedisAway => self.redis.heal(),
            What::RouteBroken => self.sql("ALTER TABLE events_away RENAME TO events").await?,
            What::LoginFlood => self.traffic.guessing.store(false, Ordering::Relaxed),
            What::PartitionMissing => self.program.job("create-event-partitions").await?,
        }
        Ok(())
    }

    /// As an operator does it.
    async fn sql(&self, statement: &str) -> Result<()> {
        let mut psql = Command::new("psql");
        psql.args([&self.database_url, "-v", "ON_ERROR_STOP=1", "-qc", statement]).stdin(Stdio::null());
        let output = psql.output().await.context("cannot run psql")?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// One of the questions of `infra/log-analysis` about this gateway's log.
    async fn ask(&self, question: &str) -> Result<String> {
        let jq = tokio::task::spawn_blocking(jq).await??;
        let folder = self.checkout.join("infra/log-analysis");
        let mut ask = Command::new(jq);
        ask.arg("-cnR").arg("-L").arg(&folder).arg("-f").arg(folder.join(question).join("query.jq")).arg(&self.log);
        let output = ask.stdin(Stdio::null()).output().await.context("cannot run jq")?;
        ensure!(output.status.success(), "{question}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// A proxy to the server of a URL, and the URL through it.
async fn through(url: &str) -> Result<(Proxy, String)> {
    let authority = url.split_once("://").context("a URL")?.1;
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let proxy = Proxy::to(host.parse().with_context(|| format!("{host} is no address"))?).await?;
    let url = url.replacen(host, &proxy.address().to_string(), 1);
    Ok((proxy, url))
}

/// Somebody who looks at a life over and over.
struct Reader {
    client: Client,
    token: String,
    urls: [String; 4],
}

impl Reader {
    async fn new(url: &str, number: u64) -> Result<Self> {
        let player = Player::register(url).await?;
        let character = player.create_character(&Spec::new("林安", "CN", 1962)).await?;
        player.start(&character.character_id, character.version).await?;
        let id = character.character_id;
        let urls = [
            format!("{url}/api/v1/characters"),
            format!("{url}/api/v1/game/state/{id}"),
            format!("{url}/api/v1/game/events/{id}?limit={}", 10 + number),
            format!("{url}/api/v1/characters/{id}"),
        ];
        Ok(Self {
            client: Client::builder().timeout(Duration::from_secs(5)).build()?,
            token: player.token().await,
            urls,
        })
    }
}

async fn read(reader: Reader, traffic: Arc<Traffic>) {
    for url in reader.urls.iter().cycle() {
        if traffic.over.load(Ordering::Relaxed) {
            return;
        }
        // What comes back is the metrics' business.
        let _ = reader.client.get(url).bearer_auth(&reader.token).header("x-client-version", "1.4.2").send().await;
        traffic.requests.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tries passwords while it may.
async fn guess(url: String, traffic: Arc<Traffic>) {
    let client = Client::new();
    while !traffic.over.load(Ordering::Relaxed) {
        if traffic.guessing.load(Ordering::Relaxed) {
            let body = r#"{"username":"somebody_else","password":"correct horse battery"}"#;
            let request = client.post(format!("{url}/api/v1/auth/login")).header("content-type", "application/json");
            let _ = request.body(body).send().await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Lives one life after the other, so that there are writes; what goes wrong in it is begun anew.
async fn live(url: String, traffic: Arc<Traffic>) {
    let mut seed = 0;
    while !traffic.over.load(Ordering::Relaxed) {
        seed += 1;
        if let Ok(player) = Player::register(&url).await {
            let spec = Spec::new("Ann Lin", "GB", 1950);
            let _ = player.live_to_the_end(&spec, &mut SeededChooser::new(seed)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
