//! A gateway between two proxies, those who play on it, those who watch; and the hand that breaks and mends.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use testkit::proxy::Proxy;
use testkit::services::{Profile, Services, jq};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::crowd::{self, Traffic};
use super::faults::What;
use super::watch::Watch;
use crate::stack::gateway::{Build, Gateway, Log, Ports, Program};
use crate::stack::interrupt::Interrupt;

/// Jobs that have run before anything is broken, so that their panels show something.
const JOBS: [&str; 2] = ["create-event-partitions", "purge-idempotency-keys"];
/// How much later everything of Postgres arrives when it is slow, each way.
const SLOW: Duration = Duration::from_millis(40);
/// Nobody can create a character any more.
const BREAK_ROUTE: &str = "CREATE FUNCTION drill_breaks() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN RAISE EXCEPTION 'broken by the drill'; END $$; \
     CREATE TRIGGER drill_breaks BEFORE INSERT ON characters FOR EACH ROW EXECUTE FUNCTION drill_breaks()";
const MEND_ROUTE: &str = "DROP TRIGGER drill_breaks ON characters; DROP FUNCTION drill_breaks()";
const DROP_PARTITION: &str =
    "DO $$ BEGIN EXECUTE format('DROP TABLE events_%s', extract(year FROM now() AT TIME ZONE 'UTC')); END $$";

pub(super) struct Stage {
    program: Program,
    gateway: Gateway,
    postgres: Proxy,
    redis: Proxy,
    database_url: String,
    pub(super) watch: Watch,
    pub(super) traffic: Arc<Traffic>,
    crowd: JoinSet<()>,
    pub(super) checkout: PathBuf,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(super) async fn set(services: &Services, interrupt: &Interrupt, checkout: &Path) -> Result<Self> {
        let servers = services.clone();
        let (postgres_server, redis_server) = tokio::task::spawn_blocking(move || {
            anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
        })
        .await??;
        let (postgres, database_url) = through(&postgres_server.tcp_url).await?;
        let (redis, redis_url) = through(&redis_server.url).await?;
        let ports = Ports::any()?;
        let folder = tempfile::tempdir()?;
        let watch = Watch::start(checkout, folder.path(), ports.metrics).await?;
        let program = Program::build(Build::Debug, interrupt)
            .await?
            .with([("RATE_LIMIT_PERCENT", "0"), ("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")])
            // A request that waits longer than Prometheus does for its page would make a fault of Postgres one of ours.
            .with([("DATABASE_ACQUIRE_TIMEOUT_MS", "300"), ("DATABASE_STATEMENT_TIMEOUT_MS", "2000")])
            .with([("PUSHGATEWAY_URL", watch.pushgateway.clone())])
            .with_keys(&services.local_dir().join("keys.env"))
            .await?
            .with([("DATABASE_URL", postgres_server.admin_url.clone())]);
        program.migrate().await?;
        for job in JOBS {
            program.job(job).await?;
        }
        let served = program.clone().with([("DATABASE_URL", database_url), ("REDIS_URL", redis_url)]);
        let log = services.local_dir().join("drill-alerts.log");
        testkit::record::remove(&log)?;
        let mut gateway = served.serve(ports, Log::File(log.clone()))?;
        gateway.ready().await?;
        let traffic = Arc::new(Traffic::default());
        let crowd = crowd::enter(&gateway.url(), &traffic).await?;
        Ok(Self {
            program,
            gateway,
            postgres,
            redis,
            database_url: postgres_server.admin_url,
            watch,
            traffic,
            crowd,
            checkout: checkout.to_owned(),
            log,
            _folder: folder,
        })
    }

    /// Sends the crowd away and ends the gateway; how many requests there were.
    pub(super) async fn clear(mut self, interrupt: &Interrupt) -> Result<u64> {
        self.traffic.over.store(true, Ordering::Relaxed);
        self.crowd.shutdown().await;
        self.gateway.stop(interrupt).await?;
        Ok(self.traffic.requests.load(Ordering::Relaxed))
    }

    pub(super) async fn breaks(&self, what: What) -> Result<()> {
        match what {
            What::PostgresAway => self.postgres.cut(),
            What::RedisAway => self.redis.cut(),
            What::PostgresSlow => self.postgres.delay(SLOW),
            What::RouteBroken => self.sql(BREAK_ROUTE).await?,
            What::LoginFlood => self.traffic.guessing.store(true, Ordering::Relaxed),
            What::PartitionMissing => self.sql(DROP_PARTITION).await?,
        }
        Ok(())
    }

    pub(super) async fn mend(&self, what: What) -> Result<()> {
        match what {
            What::PostgresAway | What::PostgresSlow => self.postgres.heal(),
            What::RedisAway => self.redis.heal(),
            What::RouteBroken => self.sql(MEND_ROUTE).await?,
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
    pub(super) async fn ask(&self, question: &str) -> Result<String> {
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
