//! `cargo xtask load logins`: what a crowd at the door costs those who are inside.
//!
//! Readers who pause between requests are measured alone, then while fifty log in without end. How fast this machine can
//! hash at all is measured before, by the gateway itself, with the same settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use testkit::services::{Profile, Services};
use tokio::task::JoinSet;

use crate::stack::gateway::{Build, Gateway, Log, Ports, Program};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

const PASSWORD: &str = "correct horse battery";
/// A reader's pause between two requests: readers must not saturate the machine by themselves.
const PAUSE: Duration = Duration::from_millis(10);
/// Logins must reach this much of what the hash alone allows on an idle machine: readers, client and servers take the rest.
const LOGINS_FLOOR: f64 = 0.25;
/// The median read may take this much longer beside fifty logins than alone.
const READS_BOUND: f64 = 3.0;

/// How much to do.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct LoginsArgs {
    /// Seconds of each of the two runs.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Who log in at once.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(usize))]
    logins: usize,
    /// Who read meanwhile.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(usize))]
    readers: usize,
}

pub(super) async fn run(args: LoginsArgs, services: &Services, interrupt: &Interrupt) -> Result<()> {
    let servers = services.clone();
    let (postgres, redis) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
    })
    .await??;
    // Passwords cost what they cost in production; the build is the coherence drill's, one less to wait for.
    let program = Program::build(Build::Drill, interrupt)
        .await?
        .with([("DATABASE_URL", postgres.admin_url), ("REDIS_URL", redis.url)])
        .with([("RATE_LIMIT_PERCENT", "0"), ("LOG_LEVEL", "warn")])
        .with_keys(&services.local_dir().join("keys.env"))
        .await?;
    program.migrate().await?;
    let hashes = program.hashes_per_second().await?;
    let log = services.local_dir().join("load-gateway.log");
    testkit::record::remove(&log)?;
    let mut gateway = program.serve(Ports::any()?, Log::File(log))?;
    gateway.ready().await?;
    let outcome = measure(args, &gateway, hashes).await;
    gateway.stop(interrupt).await?;
    outcome
}

async fn measure(args: LoginsArgs, gateway: &Gateway, hashes: f64) -> Result<()> {
    let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
    let url = gateway.url();
    let mut tokens = Vec::new();
    for number in 0..args.readers.max(1) {
        let reader = format!("reader_{number}");
        tokens.push(sign_in(&client, &url, "register", &reader).await?.context("a reader cannot register")?);
    }
    // Accounts of their own: whoever signs in again and again ends their oldest sessions.
    let crowd: Vec<_> = (0..args.logins).map(|number| format!("crowd_{number}")).collect();
    for name in &crowd {
        sign_in(&client, &url, "register", name).await?.context("one of the crowd cannot register")?;
    }
    say(format_args!("{DIM}{} readers alone: {} s{DIM:#}", args.readers, args.seconds));
    let alone = reads(&client, &url, &tokens, args.seconds).await?;

    say(format_args!("{DIM}beside {} who log in: {} s{DIM:#}", args.logins, args.seconds));
    let enough = Arc::new(AtomicBool::new(false));
    let mut logging_in = JoinSet::new();
    for name in crowd {
        let (client, url, enough) = (client.clone(), url.clone(), Arc::clone(&enough));
        logging_in.spawn(async move { log_in_until(&client, &url, &name, &enough).await });
    }
    let began = Instant::now();
    let beside = reads(&client, &url, &tokens, args.seconds).await?;
    enough.store(true, Ordering::Relaxed);
    let (mut logins, mut busy) = (0, 0);
    while let Some(one) = logging_in.join_next().await {
        let (done, refused) = one??;
        logins += done;
        busy += refused;
    }
    let rate = f64::from(logins) / began.elapsed().as_secs_f64();
    let (of_hash, slower) = (rate / hashes, beside.at(50) / alone.at(50));
    say(format_args!(
        "logins={logins} busy={busy} logins_per_s={rate:.1} hashes_per_s={hashes:.1} logins_of_hashes={of_hash:.2} \
         reads_alone={} reads_beside={} p50_alone_ms={:.2} p50_beside_ms={:.2} p99_alone_ms={:.2} p99_beside_ms={:.2} \
         p50_ratio={slower:.2} p99_ratio={:.2}",
        alone.0.len(),
        beside.0.len(),
        alone.at(50),
        beside.at(50),
        alone.at(99),
        beside.at(99),
        beside.at(99) / alone.at(99),
    ));
    ensure!(of_hash >= LOGINS_FLOOR, "logins cost much more than their hashes");
    ensure!(slower <= READS_BOUND, "reads are slowed down by logins");
    ensure!(alone.0.len() >= 100 && beside.0.len() >= 100, "the readers did less than they should have");
    Ok(())
}

/// How long reads took, ms, shortest first.
struct Latencies(Vec<f64>);

impl Latencies {
    fn at(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * percent / 100).copied().unwrap_or(f64::NAN)
    }
}

/// Every token's owner reads their profile, pauses, and reads again.
async fn reads(client: &Client, url: &str, tokens: &[String], seconds: u64) -> Result<Latencies> {
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut readers = JoinSet::new();
    for token in tokens {
        let (client, url, token) = (client.clone(), format!("{url}/api/v1/auth/profile"), token.clone());
        readers.spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < until {
                let asked = Instant::now();
                let answer = client.get(&url).bearer_auth(&token).send().await?.error_for_status()?;
                answer.bytes().await?;
                took.push(asked.elapsed().as_secs_f64() * 1000.0);
                tokio::time::sleep(PAUSE).await;
            }
            anyhow::Ok(took)
        });
    }
    let mut all = Vec::new();
    while let Some(took) = readers.join_next().await {
        all.extend(took??);
    }
    all.sort_by(f64::total_cmp);
    Ok(Latencies(all))
}

/// Logs in again and again; how often it was done, and how often the queue was too long.
async fn log_in_until(client: &Client, url: &str, name: &str, enough: &AtomicBool) -> Result<(u32, u32)> {
    let (mut done, mut busy) = (0, 0);
    while !enough.load(Ordering::Relaxed) {
        match sign_in(client, url, "login", name).await? {
            Some(_) => done += 1,
            None => {
                busy += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    Ok((done, busy))
}

/// An access token; `None` when the queue is too long.
async fn sign_in(client: &Client, url: &str, how: &str, name: &str) -> Result<Option<String>> {
    let body = json!({"username": name, "password": PASSWORD});
    let answer = client.post(format!("{url}/api/v1/auth/{how}")).json(&body).send().await?;
    if answer.status().as_u16() == 503 {
        return Ok(None);
    }
    let data: Value = answer.error_for_status()?.json().await?;
    Ok(Some(data["data"]["access_token"].as_str().context("no token")?.to_owned()))
}
