//! The crash drill: real SIGKILLs of `gateway serve` in the middle of other people's years.
//!
//! Players live on through the kills, repeating each unanswered request under its Idempotency-Key, some requests twice
//! at once. When it is over, every answer they were given must still be the truth (`ledger`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use testkit::player::{Advanced, Chooser, Decided, Player, SeededChooser, Spec, State};
use testkit::services::{Profile, Services};
use tokio::task::JoinSet;

use super::dice::Dice;
use super::ledger::{Ack, Ledger, Verdict};
use crate::stack::gateway::{Build, Gateway, Log, Ports, Program};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

/// Players at once: enough that every kill meets several requests, few enough for two cores.
const PLAYERS: u64 = 16;
/// One request in so many is sent twice at once.
const TWINS: u64 = 8;
/// The longest a kill waits after its turn has come, so that it falls anywhere in a request; milliseconds.
const JITTER_MS: u64 = 150;
/// Nobody is without an acknowledged year for this long unless something is broken.
const STALLED: Duration = Duration::from_secs(90);

/// How much to do.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct CrashArgs {
    /// How often to kill the gateway.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    kills: u64,
    /// How many acknowledged changes to reach at least.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    acked: u64,
    /// Decides when the kills come and what the players choose.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the drill.
pub(crate) fn run(args: &CrashArgs) -> Result<()> {
    super::on_own_servers(async |services, interrupt| drill(*args, services, interrupt).await)
}

async fn drill(args: CrashArgs, services: &Services, interrupt: &Interrupt) -> Result<()> {
    let program = prepare(services, interrupt).await?;
    let log = services.local_dir().join("drill-gateway.log");
    testkit::record::remove(&log)?;
    let mut server = Server { program, ports: Ports::any()?, log: Log::File(log), gateway: None };
    let started = Instant::now();
    let outcome = tokio::select! {
        outcome = crash(args, &mut server) => outcome,
        () = interrupt.requested() => Err(anyhow::anyhow!("interrupted")),
    };
    server.stop(interrupt).await?;
    let (kills, Verdict { acked, retried, replayed, lost, doubled, findings }) = outcome?;
    for finding in &findings {
        say(finding);
    }
    say(format_args!(
        "kills={kills} acked={acked} retried={retried} replayed={replayed} lost={lost} doubled={doubled} seconds={:.1}",
        started.elapsed().as_secs_f32()
    ));
    ensure!(lost == 0 && doubled == 0, "what was acknowledged was not kept, or was done twice");
    let enough = kills >= args.kills && acked >= args.acked && retried >= kills;
    ensure!(enough, "the drill did less than it should have: every kill must meet a request");
    Ok(())
}

/// Durable servers with an empty database, and a gateway without rate limits: it is to be killed, not to be spared.
async fn prepare(services: &Services, interrupt: &Interrupt) -> Result<Program> {
    let servers = services.clone();
    let (postgres, redis) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
    })
    .await??;
    let program = Program::build(Build::Debug, interrupt)
        .await?
        .with([("DATABASE_URL", postgres.admin_url), ("REDIS_URL", redis.url)])
        .with([("RATE_LIMIT_PERCENT", "0"), ("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")])
        .with_keys(&services.local_dir().join("keys.env"))
        .await?;
    program.migrate().await?;
    Ok(program)
}

/// Players on one side, the killer on the other; then the reckoning, with a gateway that is left alone.
async fn crash(args: CrashArgs, server: &mut Server) -> Result<(u64, Verdict)> {
    let url = server.start().await?;
    let progress = Arc::new(Progress::default());
    let mut players = JoinSet::new();
    for number in 0..PLAYERS {
        players.spawn(live_on(url.clone(), args.seed.wrapping_mul(1_000).wrapping_add(number), Arc::clone(&progress)));
    }
    let mut dice = Dice::new(args.seed);
    let mut kills = 0;
    while kills < args.kills {
        progress.reached(kills * args.acked / args.kills + PLAYERS).await?;
        tokio::time::sleep(Duration::from_millis(dice.between(0, JITTER_MS))).await;
        server.kill().await?;
        kills += 1;
        server.start().await?;
    }
    progress.reached(args.acked).await?;
    progress.enough.store(true, Ordering::Relaxed);

    let mut ledgers = Vec::new();
    while let Some(player) = players.join_next().await {
        ledgers.push(player?.context("a player was left without an answer")?);
    }
    say(format_args!("{DIM}{kills} kills survived; asking for every answer again{DIM:#}"));
    let mut verdict = Verdict::default();
    for ledger in &ledgers {
        ledger.audit(&mut verdict).await?;
    }
    Ok((kills, verdict))
}

/// The gateway under the drill; always on the same ports, as behind a service address.
struct Server {
    program: Program,
    ports: Ports,
    log: Log,
    gateway: Option<Gateway>,
}

impl Server {
    async fn start(&mut self) -> Result<String> {
        let gateway = self.gateway.insert(self.program.serve(self.ports, self.log.clone())?);
        gateway.ready().await?;
        Ok(gateway.url())
    }

    async fn kill(&mut self) -> Result<()> {
        match self.gateway.take() {
            Some(mut gateway) => gateway.kill().await,
            None => bail!("there is no gateway to kill"),
        }
    }

    async fn stop(&mut self, interrupt: &Interrupt) -> Result<()> {
        match self.gateway.take() {
            Some(gateway) => gateway.stop(interrupt).await,
            None => Ok(()),
        }
    }
}

/// How far all players are together.
#[derive(Default)]
struct Progress {
    acked: AtomicU64,
    enough: AtomicBool,
}

impl Progress {
    /// Waits for so many acknowledged changes.
    async fn reached(&self, wanted: u64) -> Result<()> {
        let (mut seen, mut since) = (0, Instant::now());
        while seen < wanted {
            ensure!(since.elapsed() < STALLED, "no player has got anywhere for {} s", STALLED.as_secs());
            tokio::time::sleep(Duration::from_millis(5)).await;
            let now = self.acked.load(Ordering::Relaxed);
            if now > seen {
                (seen, since) = (now, Instant::now());
            }
        }
        Ok(())
    }
}

/// Lives one life after the other until it is enough, and keeps every answer.
async fn live_on(url: String, seed: u64, progress: Arc<Progress>) -> Result<Ledger> {
    let player = Player::register(&url).await?;
    let mut ledger = Ledger::new(player);
    let mut chooser = SeededChooser::new(seed);
    let mut dice = Dice::new(seed);
    while !progress.enough.load(Ordering::Relaxed) {
        let character = ledger.player.create_character(&Spec::new("林安", "CN", 1962)).await?;
        let mut state = ledger.player.start(&character.character_id, character.version).await?;
        ledger.begin(&state);
        while !state.is_over() && !progress.enough.load(Ordering::Relaxed) {
            let twin = dice.one_in(TWINS);
            let Some(after) = step(&mut ledger, &state, &mut chooser, twin).await? else { break };
            state = after;
            progress.acked.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(ledger)
}

/// One change: a year, or the decision that is in its way. A twin is sent twice at once and must be answered once. None
/// if it was refused, which nobody who asks in turn may be.
async fn step(ledger: &mut Ledger, state: &State, chooser: &mut SeededChooser, twin: bool) -> Result<Option<State>> {
    let id = &state.character_id;
    let (path, body) = match state.pending_decisions.first() {
        Some(decision) => (
            format!("/game/decision/{id}"),
            json!({
                "expected_version": state.version,
                "decision_id": decision.decision_id,
                "option_id": chooser.option(decision)?,
            }),
        ),
        None => (
            format!("/game/advance/{id}"),
            json!({ "expected_version": state.version, "mode": chooser.mode(state), "years": 1 }),
        ),
    };
    let key = ledger.next_key();
    let player = &ledger.player;
    let answer = if twin {
        let (answer, other) =
            tokio::try_join!(player.post_with_key(&path, &body, &key), player.post_with_key(&path, &body, &key))?;
        if answer.body != other.body {
            ledger.accuse(format!("lost: two answers to one request:\n  {}\n  {}", answer.body, other.body));
        }
        answer
    } else {
        player.post_with_key(&path, &body, &key).await?
    };
    if !answer.status.is_success() {
        ledger.accuse(format!("lost: {path} {body} was refused after {} attempts: {}", answer.attempts, answer.body));
        return Ok(None);
    }
    let (years, after) = if state.pending_decisions.is_empty() {
        let Advanced { years, state, .. } = answer.data()?;
        (years, state)
    } else {
        let Decided { years, state, .. } = answer.data()?;
        (years, state)
    };
    ledger.acknowledge(Ack { path, body, key, answer }, &years, state, &after);
    Ok(Some(after))
}
