//! `gateway`: the game as one process, and the few things an operator does with it from a shell.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clap::{Parser, Subcommand};
use gateway::{
    DOMAINS,
    cloudwatch::CloudWatch,
    replay::{self, Found},
    routes, table,
};
use platform::{
    Ctx,
    config::{Config, Exporter},
    jobs::{self, Failure, JOBS, Job, Start},
    telemetry::{logs, metrics::exporter, pushgateway},
};

/// Restart Life in one process.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM (the default).
    Serve {
        /// Serve one domain only, with probes and metrics.
        #[arg(long)]
        only: Option<String>,
    },
    /// Bring the database's schema up to date, and run the jobs that a new release needs done before it serves.
    Migrate,
    /// Run one job now; without a name, list them. One that works on a queue's messages takes them from standard input, one
    /// a line.
    Job {
        /// Such as create-event-partitions.
        id: Option<String>,
    },
    /// Live every life again from its log, and fail if one is not what is stored; after a restore.
    Replay,
    /// Exit 0 when the server on PORT is alive; for a container's health check.
    Healthcheck,
    /// Print the route table as JSON.
    Routes,
    /// Print the job table as JSON.
    Jobs,
    /// Print the environment variables that are read as JSON: name, default, meaning.
    Variables,
    /// Print the OpenAPI document as YAML, or as JSON.
    Openapi {
        /// JSON instead of YAML.
        #[arg(long)]
        json: bool,
    },
    /// Measure how many passwords a second this machine hashes with the settings of the environment; that bounds logins.
    PasswordCost {
        /// How long to measure, seconds.
        #[arg(long, default_value_t = 3)]
        seconds: u64,
    },
    /// Print a fresh pair of token keys as two lines for the environment.
    Keygen,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command.unwrap_or(Command::Serve { only: None }) {
        Command::Serve { only } => serve(only.as_deref()),
        Command::Migrate => migrate(),
        Command::Job { id: Some(id) } => job(&id),
        Command::Job { id: None } => print(&list_of_jobs()),
        Command::Replay => replay_lives(),
        Command::Healthcheck => healthcheck(),
        Command::Routes => print_rows(&table::rows()),
        Command::Jobs => print_rows(&table::jobs()),
        Command::Variables => print_rows(&table::variables()),
        Command::Openapi { json: true } => {
            table::openapi().to_pretty_json().map_err(Into::into).and_then(|text| print(&text))
        }
        Command::Openapi { json: false } => {
            table::openapi().to_yaml().map_err(Into::into).and_then(|text| print(&text))
        }
        Command::PasswordCost { seconds } => password_cost(Duration::from_secs(seconds)),
        Command::Keygen => keygen(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let line =
                serde_json::json!({"level": "ERROR", "message": "gateway cannot go on", "error": format!("{error:#}")});
            let _ = writeln!(std::io::stderr(), "{line}");
            ExitCode::FAILURE
        }
    }
}

fn serve(only: Option<&str>) -> anyhow::Result<()> {
    let routes = routes(only);
    if routes.is_empty() {
        let names: Vec<_> = DOMAINS.iter().map(|domain| domain.name).collect();
        bail!("--only must name one of: {}", names.join(", "));
    }
    platform::serve(routes, &[&CloudWatch]).map_err(anyhow::Error::from_boxed)
}

fn migrate() -> anyhow::Result<()> {
    on_the_database(async |ctx| jobs::migrate(ctx).await.map_err(anyhow::Error::from_boxed))
}

fn job(id: &str) -> anyhow::Result<()> {
    let job = Job::find(id).with_context(|| format!("there is no job {id}; the jobs are:\n{}", list_of_jobs()))?;
    on_the_database(async |ctx| run(job, ctx).await)
}

async fn run(job: &Job, ctx: &Ctx) -> anyhow::Result<()> {
    let ended = match job.start {
        Start::Clock { .. } => job.run(ctx).await,
        Start::Queue { .. } => messages(job, ctx).await,
    };
    if let Some(url) = &ctx.config().pushgateway_url
        && let Err(error) = pushgateway::push(url, job.id).await
    {
        // The work is done, or not: that is what the exit says.
        tracing::warn!(job = job.id, error, "the Pushgateway was not told");
    }
    ended.map_err(anyhow::Error::from_boxed).with_context(|| format!("the job {} failed", job.id))
}

/// Works on the messages of standard input, one after the other; the lines whose messages failed are the error.
async fn messages(job: &Job, ctx: &Ctx) -> Result<(), Failure> {
    let mut failed = Vec::new();
    for (line, message) in std::io::stdin().lines().enumerate() {
        if job.handle(ctx, &message?, job.timeout).await.is_err() {
            failed.push((line + 1).to_string());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("the messages of these lines: {}", failed.join(", ")).into()) }
}

/// One line a job: name, schedule, what it does.
fn list_of_jobs() -> String {
    let line = |job: &Job| format!("{:<26}{:<14}{}", job.id, job.schedule().unwrap_or("by messages"), job.summary);
    JOBS.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn replay_lives() -> anyhow::Result<()> {
    on_the_database(async |ctx| {
        let Found { lives, recomputed, linked, broken } = replay::all(ctx).await?;
        print(&format!("lives={lives} recomputed={recomputed} linked={linked} broken={broken}"))?;
        ensure!(broken == 0, "{broken} lives are not what their logs say");
        Ok(())
    })
}

/// Work of an operator: this process's settings, its log, and no server.
fn on_the_database(work: impl AsyncFnOnce(&Ctx) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let config = Config::from_env()?;
        logs::install(&config)?;
        exporter::install(Exporter::Prometheus, &config.metrics_namespace).map_err(anyhow::Error::from_boxed)?;
        work(&Ctx::new(config)?).await
    })
}

/// One HTTP/1.0 request by hand: the check must not need more than the process it checks.
fn healthcheck() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let host = if config.host.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { config.host };
    let mut stream = TcpStream::connect_timeout(&SocketAddr::new(host, config.port), Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if !status.ends_with(b" 200") {
        bail!("answered {}", String::from_utf8_lossy(&status));
    }
    Ok(())
}

fn password_cost(duration: Duration) -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let (cost, at_once) = (config.password_cost, config.passwords_at_once);
    let rate = auth::hashes_per_second(cost, at_once, duration)
        .map_err(|error| anyhow::anyhow!("the settings do not hash: {error:?}"))?;
    let (memory, iterations) = (cost.memory_kib, cost.iterations);
    print(&format!("memory_kib={memory} iterations={iterations} at_once={at_once} hashes_per_second={rate:.1}"))
}

#[expect(clippy::disallowed_methods, reason = "a key needs the operating system's randomness, and no Ctx exists here")]
fn keygen() -> anyhow::Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let kid = &encode(public.as_bytes())[..8];
    print(&format!("AUTH_SIGNING_KEY={kid}:{}\nAUTH_VERIFYING_KEYS={kid}:{}", encode(&seed), encode(public.as_bytes())))
}

fn print_rows(rows: &[serde_json::Value]) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(rows)?)
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.trim_end().as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}
