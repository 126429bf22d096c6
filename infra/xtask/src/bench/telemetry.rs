//! `cargo xtask bench telemetry`: what telling operators costs players, in instructions. The same program is run with logs and
//! metrics as in production and with both switched off: a cached read through the gateway, and a Lambda function until it
//! asks for its first event.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use testkit::player::{Player, Spec};
use testkit::services::{Profile, Services};
use tokio::process::Command;

use super::callgrind::Server;
use super::cold_start::{function, programs};
use crate::cargo::{build_command, executable};
use crate::stack::gateway::Ports;

/// Which build.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A Cargo profile.
    #[arg(long, default_value = "release")]
    profile: String,
}

/// At most so much of the whole, in per cent.
const PER_CENT: u64 = 5;
/// Reads before those that are counted: caches, pools and looked-up metrics are warm after a few.
const WARM: u32 = 100;
/// Reads that are counted.
const READS: u32 = 500;
/// A read route whose answer is cached.
const FUNCTION: &str = "character-get";
/// Longest start under valgrind.
const START: Duration = Duration::from_secs(120);

const ON: [(&str, &str); 2] = [("LOG_LEVEL", "info"), ("METRICS_EXPORTER", "prometheus")];
const OFF: [(&str, &str); 2] = [("LOG_LEVEL", "off"), ("METRICS_EXPORTER", "none")];
const ON_LAMBDA: [(&str, &str); 2] = [("LOG_LEVEL", "info"), ("METRICS_EXPORTER", "emf")];

/// Builds and counts; prints the figures on one line.
///
/// # Errors
/// When something does not build or start, and when telemetry costs more than it may.
pub(crate) fn run(args: &Args, checkout: &Path) -> Result<()> {
    let gateway = gateway(&args.profile)?;
    let functions = programs::functions(checkout, &args.profile, &[FUNCTION.to_owned()])?;
    let function = functions.first().context("there is no such function")?;
    let services = Services::at(checkout)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let measured = runtime.block_on(measure(&services, &gateway, &function.path));
    services.stop(Profile::Drill)?;
    report(&measured?)
}

/// Instructions of one cached read, and of a start, with telemetry and without.
struct Measured {
    read: [u64; 2],
    start: [u64; 2],
}

#[expect(clippy::print_stdout, reason = "the bench's figures")]
fn report(measured: &Measured) -> Result<()> {
    let [read, start] = [measured.read, measured.start].map(|[on, off]| on.saturating_sub(off) * 10_000 / on);
    println!(
        "reads={READS} read_on={} read_off={} read_telemetry_pct={}.{:02} start_on={} start_off={} start_telemetry_pct={}.{:02}",
        measured.read[0],
        measured.read[1],
        read / 100,
        read % 100,
        measured.start[0],
        measured.start[1],
        start / 100,
        start % 100,
    );
    ensure!(read <= PER_CENT * 100 && start <= PER_CENT * 100, "telemetry costs more than {PER_CENT} %");
    Ok(())
}

async fn measure(services: &Services, gateway: &Path, function: &Path) -> Result<Measured> {
    let servers = services.clone();
    let (postgres, redis) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
    })
    .await??;
    let settings = [
        ("APP_ENV", "local"),
        ("DATABASE_URL", &postgres.admin_url),
        ("REDIS_URL", &redis.url),
        ("ARGON2_MEMORY_KIB", "8"),
        ("ARGON2_ITERATIONS", "1"),
    ];
    let mut settings: Vec<_> = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let keys = said(gateway, "keygen", &settings).await?;
    let pairs = keys.lines().filter_map(|line| line.split_once('='));
    settings.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    said(gateway, "migrate", &settings).await?;
    Ok(Measured {
        read: [cached_read(gateway, &settings, &ON).await?, cached_read(gateway, &settings, &OFF).await?],
        start: [function::instructions(function, &ON_LAMBDA).await?, function::instructions(function, &OFF).await?],
    })
}

/// Instructions of one read whose answer is cached.
async fn cached_read(gateway: &Path, settings: &[(String, String)], telemetry: &[(&str, &str)]) -> Result<u64> {
    let ports = Ports::any()?;
    let own = [
        ("PORT", ports.api.to_string()),
        ("METRICS_PORT", ports.metrics.to_string()),
        ("RATE_LIMIT_PERCENT", "0".to_owned()),
    ];
    let mut settings = settings.to_vec();
    settings.extend(own.map(|(name, value)| (name.to_owned(), value)));
    settings.extend(telemetry.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let mut server = Server::start(gateway, &["serve"], &settings)?;
    let url = format!("http://127.0.0.1:{}", ports.api);
    let http = Client::new();
    let deadline = Instant::now() + START;
    while !http.get(format!("{url}/ready")).send().await.is_ok_and(|answer| answer.status().is_success()) {
        ensure!(Instant::now() < deadline, "the gateway is not ready");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let player = Player::register(&url).await?;
    let character = player.create_character(&Spec::new("林安", "CN", 1962)).await?;
    let (token, url) = (player.token().await, format!("{url}/api/v1/characters/{}", character.character_id));
    for number in 0..WARM + READS {
        if number == WARM {
            server.zero().await?;
        }
        let answer = http.get(&url).bearer_auth(&token).header("x-client-version", "1.4.2").send().await?;
        ensure!(answer.error_for_status()?.bytes().await?.len() > 100, "no character");
    }
    Ok(server.counted().await? / u64::from(READS))
}

/// What a command of the gateway prints.
async fn said(gateway: &Path, verb: &str, settings: &[(String, String)]) -> Result<String> {
    let output = Command::new(gateway).arg(verb).envs(settings.iter().cloned()).stdin(Stdio::null()).output().await?;
    ensure!(output.status.success(), "gateway {verb}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn gateway(profile: &str) -> Result<std::path::PathBuf> {
    let output = build_command("gateway", &[]).args(["--profile", profile]).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the gateway does not build");
    executable(&output.stdout)
}
