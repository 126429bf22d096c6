//! The rolling drill: three gateways behind a real proxy are replaced one after the other while players go on playing, with
//! Redis and without. No request may fail, no read may be older than an acknowledged write, and nobody may be taken out of
//! rotation but who is being replaced.
//!
//! To show that it would notice, it ends with a gateway that closes its door the moment it is told to stop.

mod haproxy;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testkit::process::Signal;
use testkit::services::{Profile, Services};

use self::haproxy::HaProxy;
use super::traffic::{Figures, Playing};
use crate::stack::gateway::{Build, Gateway, Log, Ports, Program};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

/// Gateways in rotation. There is one place more than that, for the one that is just taking another's place.
const GATEWAYS: usize = 3;
/// Below the ports that systems take for connections of their own.
const FIRST_PORT: u16 = 21_500;
/// SHUTDOWN_DELAY_SECONDS: several probes of the proxy.
const DELAY_S: u64 = 4;
/// How long each state is lived in.
const MOMENT: Duration = Duration::from_secs(2);
/// After Redis is back a process leaves it alone for another second, and what it writes in that time is not published.
const DOUBT: Duration = Duration::from_secs(3);
/// Longest end of a gateway: its delay, and what was begun.
const END: Duration = Duration::from_secs(60);
/// What a roll must have met at least.
const REQUESTS_PER_ROLL: u64 = 1_000;
const WRITES_PER_ROLL: u64 = 200;

/// How much to do.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct RollingArgs {
    /// How often to replace all gateways; in every second roll Redis is stopped in the middle.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(2..=100))]
    rolls: u64,
    /// Players at once; each has one client that writes and two that read.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(2..=200))]
    players: u64,
    /// Decides what the players do.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the drill.
pub(crate) fn run(args: &RollingArgs) -> Result<()> {
    super::until_interrupted(async |services, interrupt| drill(*args, services, interrupt).await)
}

async fn drill(args: RollingArgs, services: &Services, interrupt: &Interrupt) -> Result<()> {
    let servers = services.clone();
    let (postgres, redis) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
    })
    .await??;
    let log = services.local_dir().join("drill-rolling.log");
    testkit::record::remove(&log)?;
    let program = Program::build(Build::Debug, interrupt)
        .await?
        .with([("DATABASE_URL", postgres.admin_url), ("REDIS_URL", redis.url)])
        .with([("RATE_LIMIT_PERCENT", "0"), ("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")])
        .with([("SHUTDOWN_DELAY_SECONDS", DELAY_S.to_string())])
        .with_keys(&services.local_dir().join("keys.env"))
        .await?;
    program.migrate().await?;

    let mut places = Vec::new();
    for _ in 0..=GATEWAYS {
        let first = places.last().map_or(FIRST_PORT, |last: &Ports| last.metrics + 1);
        places.push(Ports::from(first)?);
    }
    let addresses: Vec<SocketAddr> = places.iter().map(|ports| (Ipv4Addr::LOCALHOST, ports.api).into()).collect();
    let proxy = HaProxy::start(&services.local_dir(), &addresses).await?;
    let mut deployment = Deployment { program, places, log: Log::File(log.clone()), gateways: Vec::new(), proxy };
    for place in 0..GATEWAYS {
        deployment.start(place).await?;
    }
    deployment.proxy.sees(GATEWAYS, false).await?;
    let outcome = roll(args, &mut deployment, services).await;
    for (_, gateway) in deployment.gateways {
        gateway.stop(interrupt).await?;
    }
    deployment.proxy.stop().await?;
    let cut_short = std::fs::read_to_string(&log)?.matches("stopped with requests unfinished").count();
    ensure!(cut_short == 0, "{cut_short} gateways ended with requests unfinished");
    outcome
}

async fn roll(args: RollingArgs, deployment: &mut Deployment, services: &Services) -> Result<()> {
    let started = Instant::now();
    let players = usize::try_from(args.players)?;
    let mut playing = Playing::begin(&deployment.proxy.doors, players, args.seed).await?;
    tokio::time::sleep(MOMENT).await;
    // Places where nobody was yet have been taken out by then.
    let (out_before, _) = deployment.proxy.totals().await?;
    let (mut replaced, mut outages, mut least) =
        (0, 0, Figures { requests: u64::MAX, writes: u64::MAX, ..Figures::default() });
    for roll in 1..=args.rolls {
        let before = playing.figures();
        let without_redis = roll % 2 == 0;
        for step in 0..GATEWAYS {
            if without_redis && step == 1 {
                playing.doubt(true);
                on(services, |services| services.halt_redis(Profile::Drill)).await?;
                tokio::time::sleep(MOMENT).await;
                deployment.all_do_without_redis().await?;
                outages += 1;
            }
            deployment.replace().await?;
            replaced += 1;
            tokio::time::sleep(MOMENT).await;
        }
        if without_redis {
            deployment.all_do_without_redis().await?;
            on(services, |services| services.restart_redis(Profile::Drill)).await?;
            tokio::time::sleep(DOUBT).await;
            playing.doubt(false);
            tokio::time::sleep(MOMENT).await;
        }
        let after = playing.figures();
        least.requests = least.requests.min(after.requests - before.requests);
        least.writes = least.writes.min(after.writes - before.writes);
        say(format_args!("{DIM}roll {roll} of {}: {after:?}{DIM:#}", args.rolls));
    }
    let figures = playing.figures();
    let findings = playing.findings();
    let (taken_out, errors) = deployment.proxy.totals().await?;
    let taken_out = taken_out - out_before;
    let noticed = deployment.careless(&playing).await? - figures.failed;
    playing.end().await?;

    for finding in &findings {
        say(finding);
    }
    let Figures { requests, writes, failed, stale, excused, doubted, forked, moved } = figures;
    say(format_args!(
        "gateways={GATEWAYS} rolls={} replaced={replaced} redis_outages={outages} requests={requests} writes={writes} \
         moved={moved} failed={failed} proxy_errors={errors} stale={stale} forked={forked} doubted={doubted} excused={excused} \
         taken_out={taken_out} careless_failed={noticed} seconds={:.1}",
        args.rolls,
        started.elapsed().as_secs_f32()
    ));
    ensure!(failed == 0 && errors == 0, "requests failed during a rolling update");
    ensure!(stale == 0 && forked == 0, "an answer contradicts what had been acknowledged");
    // Each replaced gateway is taken out once by each way in, and nobody else ever.
    let expected = 2 * replaced;
    ensure!(taken_out == expected, "servers were taken out of rotation {taken_out} times, not {expected} times");
    ensure!(noticed > 0, "the drill would not have noticed a gateway that closes its door at once");
    ensure!(
        least.requests >= REQUESTS_PER_ROLL && least.writes >= WRITES_PER_ROLL && moved > 0,
        "the drill did less than it should have: {} requests and {} writes in a roll",
        least.requests,
        least.writes
    );
    Ok(())
}

async fn on(services: &Services, work: impl FnOnce(&Services) -> Result<()> + Send + 'static) -> Result<()> {
    let services = services.clone();
    tokio::task::spawn_blocking(move || work(&services)).await?
}

/// The gateways behind the proxy, each in a place that it probes.
struct Deployment {
    program: Program,
    places: Vec<Ports>,
    log: Log,
    /// The oldest first, each with its place.
    gateways: Vec<(usize, Gateway)>,
    proxy: HaProxy,
}

impl Deployment {
    async fn start(&mut self, place: usize) -> Result<()> {
        let mut gateway = self.program.serve(self.places[place], self.log.clone())?;
        gateway.ready().await?;
        self.gateways.push((place, gateway));
        self.proxy.sees(place, true).await
    }

    /// The place where nobody is.
    fn free(&self) -> Result<usize> {
        let taken = |place: &usize| self.gateways.iter().any(|(other, _)| other == place);
        (0..self.places.len()).find(|place| !taken(place)).context("every place is taken")
    }

    /// As a Deployment with maxSurge 1 and maxUnavailable 0: a new one gets ready, then the oldest is told to stop.
    async fn replace(&mut self) -> Result<()> {
        let place = self.free()?;
        self.start(place).await?;
        let (place, mut oldest) = self.gateways.remove(0);
        oldest.process.signal(Signal::TERM)?;
        let status = tokio::time::timeout(END, oldest.exited()).await.context("a gateway does not end")??;
        ensure!(status.success(), "a gateway ended badly ({status})");
        self.proxy.sees(place, false).await
    }

    /// Everyone says to be ready, and that Redis is missed.
    async fn all_do_without_redis(&self) -> Result<()> {
        for (_, gateway) in &self.gateways {
            let answer = reqwest::get(format!("{}/ready", gateway.url())).await?;
            let (status, body) = (answer.status(), answer.json::<Value>().await?);
            let degraded = body["data"]["degraded"][0] == "redis";
            ensure!(status == 200 && degraded, "without Redis a gateway says {status} {body}");
        }
        Ok(())
    }

    /// Tells a gateway that does not wait for anybody to stop; how many requests have failed by then.
    async fn careless(&mut self, playing: &Playing) -> Result<u64> {
        self.program = self.program.clone().with([("SHUTDOWN_DELAY_SECONDS", "0")]);
        let place = self.free()?;
        self.start(place).await?;
        tokio::time::sleep(MOMENT).await;
        let (place, mut newest) = self.gateways.pop().context("it was just started")?;
        newest.process.signal(Signal::TERM)?;
        tokio::time::timeout(END, newest.exited()).await.context("a gateway does not end")??;
        self.proxy.sees(place, false).await?;
        Ok(playing.figures().failed)
    }
}
