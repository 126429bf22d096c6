//! The coherence drill: a history checker for design's rule that no read is older than a write that was acknowledged.
//!
//! Many clients read and write shared lives through several gateways while these are killed at every step of a write,
//! cut off and frozen, and Redis and PostgreSQL are restarted under them. It has teeth: with any of the known bugs of
//! caches planted, the same drill must find it.

mod audit;
mod caller;
mod client;
mod faults;
mod fleet;
mod report;
mod world;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use testkit::services::{Profile, Services};
use tokio::task::JoinSet;

use self::caller::Caller;
use self::client::{Client, Counts, Run};
use self::faults::Storm;
use self::fleet::{Fleet, RedisPlace};
use self::report::{Figures, Floors};
use self::world::World;
use super::dice::Dice;
use super::history::History;
use crate::stack::gateway::{Build, Program};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

/// The run without CACHE_STRICT is this many times shorter.
const DEFAULT_MODE_PART: u64 = 4;
/// Longest wait for a connection and longest statement, ms: short, so that the fence of a dead writer (these two, a margin
/// of 2 s and 1 s) keeps its aggregate out of the caches for 4 s and not 11.
const DATABASE_TIMEOUT_MS: u64 = 500;
/// How long that fence lives.
const FENCE_LIFETIME: Duration = Duration::from_millis(3_000 + 2 * DATABASE_TIMEOUT_MS);
/// In the run without CACHE_STRICT stamps live as short as they can, so that reads could outlive them: a little longer than
/// a fence.
const STAMP_TTL: Duration = Duration::from_secs(5);
/// A planted bug must be found within this time.
const TEETH: Duration = Duration::from_secs(60);

/// How long, and what to plant.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct CoherenceArgs {
    /// How long the clients go on in strict mode, seconds; a shorter run in the default mode follows. Floors are in
    /// proportion.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=600))]
    seconds: u64,
    /// Plant this bug and succeed only if it is found within a minute.
    #[arg(long, conflicts_with = "teeth")]
    bug: Option<Bug>,
    /// Plant every bug, one after the other.
    #[arg(long)]
    teeth: bool,
    /// Clients at once. Those that wait for a process that is frozen or cut off ask nothing meanwhile; more of them keep the
    /// others busy.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(64..=1024))]
    clients: u16,
    /// Build the gateways as fast as they are shipped (profile `drill`, a build of its own), and ask for as much more.
    #[arg(long)]
    optimised: bool,
    /// Decides when processes die and what clients do.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A known bug of caches, as the platform names it (`platform::fault`).
#[derive(Clone, Copy, clap::ValueEnum)]
enum Bug {
    NoFence,
    SharedDirtyFlag,
    BlindFill,
    MonotonicTtl,
    PublishBeforeCommit,
}

impl Bug {
    const ALL: [Self; 5] =
        [Self::NoFence, Self::SharedDirtyFlag, Self::BlindFill, Self::MonotonicTtl, Self::PublishBeforeCommit];

    fn name(self) -> &'static str {
        match self {
            Self::NoFence => "no-fence",
            Self::SharedDirtyFlag => "shared-dirty-flag",
            Self::BlindFill => "blind-fill",
            Self::MonotonicTtl => "monotonic-ttl",
            Self::PublishBeforeCommit => "publish-before-commit",
        }
    }
}

/// Runs the drill.
pub(crate) fn run(args: &CoherenceArgs) -> Result<()> {
    super::until_interrupted(async |services, interrupt| drill(*args, services, interrupt).await)
}

async fn drill(args: CoherenceArgs, services: &Services, interrupt: &Interrupt) -> Result<()> {
    let (build, floors) =
        if args.optimised { (Build::Drill, Floors::OPTIMISED) } else { (Build::Debug, Floors::DEBUG) };
    let stage = Stage::set(services, build, interrupt, args).await?;
    match (args.bug, args.teeth) {
        (Some(bug), _) => bite(&stage, &[bug]).await,
        (None, true) => bite(&stage, &Bug::ALL).await,
        (None, false) => prove(&stage, args.seconds, floors).await,
    }
}

/// Both modes as they are: nothing may be found.
async fn prove(stage: &Stage, seconds: u64, floors: Floors) -> Result<()> {
    let strict = stage.play(seconds, Mode::Strict).await?;
    let default_seconds = (seconds / DEFAULT_MODE_PART).max(5);
    let default = stage.play(default_seconds, Mode::Default).await?;
    for finding in strict.findings.iter().chain(&default.findings) {
        say(finding);
    }
    let shortfalls = strict.shortfalls(floors);
    for shortfall in &shortfalls {
        say(format_args!("too little: {shortfall}"));
    }
    say(format_args!("{} {}", strict.line(""), default.line("default_")));
    ensure!(strict.is_clean() && default.is_clean(), "an answer contradicts what had been acknowledged");
    ensure!(shortfalls.is_empty(), "the drill did less than it should have");
    Ok(())
}

/// Each bug by itself: it must be found.
async fn bite(stage: &Stage, bugs: &[Bug]) -> Result<()> {
    let mut line = Vec::new();
    for bug in bugs {
        let name = bug.name();
        let found = stage.hunt(*bug).await.with_context(|| name)?;
        let Some((seconds, finding)) = found else { bail!("{name} was not found within {} s", TEETH.as_secs()) };
        say(format_args!("{DIM}{name}: {finding}{DIM:#}"));
        line.push(format!("found_{}={seconds:.1}", name.replace('-', "_")));
    }
    say(line.join(" "));
    Ok(())
}

/// How writes go on without Redis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// They do not: no fence, no commit.
    Strict,
    /// They do; what was true before may be read for the lifetime of a stamp.
    Default,
}

/// Servers and the program; each run has a fleet and players of its own.
struct Stage {
    services: Services,
    redis: RedisPlace,
    program: Program,
    log: PathBuf,
    clients: u16,
    /// Each run has dice of its own, and so players of its own.
    dice: Mutex<Dice>,
}

impl Stage {
    /// Starts the servers and prepares the database.
    async fn set(services: &Services, build: Build, interrupt: &Interrupt, args: CoherenceArgs) -> Result<Self> {
        let servers = services.clone();
        let (postgres, redis) = tokio::task::spawn_blocking(move || {
            anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
        })
        .await??;
        let log = services.local_dir().join("drill-gateway.log");
        testkit::record::remove(&log)?;
        let program = Program::build(build, interrupt)
            .await?
            .with([("DATABASE_URL", postgres.admin_url), ("REDIS_URL", redis.url.clone())])
            .with([("RATE_LIMIT_PERCENT", "0"), ("LOG_LEVEL", "warn")])
            .with([("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1"), ("DATABASE_MAX_CONNECTIONS", "4")])
            .with(
                ["DATABASE_ACQUIRE_TIMEOUT_MS", "DATABASE_STATEMENT_TIMEOUT_MS"]
                    .map(|name| (name, DATABASE_TIMEOUT_MS.to_string())),
            )
            .with_keys(&services.local_dir().join("keys.env"))
            .await?;
        program.migrate().await?;
        let redis = RedisPlace::of(&redis.url).context("the drill's Redis is not a private one")?;
        let dice = Mutex::new(Dice::new(args.seed));
        Ok(Self { services: services.clone(), redis, program, log, clients: args.clients, dice })
    }

    /// Dice that nobody else has.
    fn dice(&self) -> Dice {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).split()
    }

    /// One run from the first player to the reckoning.
    async fn play(&self, seconds: u64, mode: Mode) -> Result<Figures> {
        let stamp_ttl = (mode == Mode::Default).then_some(STAMP_TTL);
        let program = self.program.clone();
        let program = match stamp_ttl {
            None => program.with([("CACHE_STRICT", "true".to_owned())]),
            Some(ttl) => {
                let ttl = format!("ttl={}s", ttl.as_secs());
                program.with([("CACHE_USER_DATA", ttl.clone()), ("CACHE_GAME_STATE", ttl)])
            }
        };
        let (mut round, run, storm) = self.begin(&program, stamp_ttl).await?;
        let time = Duration::from_secs(seconds);
        tokio::select! {
            raged = storm.rage(time, self.dice()) => raged?,
            error = round.failed() => return Err(error),
        }
        round.clients_end(&run).await?;
        say(format_args!("{DIM}{seconds} s survived; asking for every answer again{DIM:#}"));
        run.fleet.calm_down();
        // What a process that was cut off from Redis could not announce, the reckoning must not miss.
        tokio::time::sleep(stamp_ttl.unwrap_or_default()).await;
        let verdict = audit::audit(&run, self.dice()).await?;
        round.end(&run).await?;
        Ok(Figures::of(seconds, &run, &storm, verdict))
    }

    /// One run with a bug until a stale read shows it: after how many seconds, and which.
    async fn hunt(&self, bug: Bug) -> Result<Option<(f32, String)>> {
        let program = self.program.clone().with([("CACHE_STRICT", "true"), ("DRILL_BUG", bug.name())]);
        let (mut round, run, storm) = self.begin(&program, None).await?;
        let found = tokio::select! {
            found = run.history.stale_read() => found,
            raged = storm.rage(TEETH, self.dice()) => { raged?; None }
            error = round.failed() => return Err(error),
        };
        let seconds = round.began.elapsed().as_secs_f32();
        round.end(&run).await?;
        Ok(found.map(|found| (seconds, found)))
    }

    /// Starts the fleet, registers the players and lets the clients loose.
    async fn begin(&self, program: &Program, stamp_ttl: Option<Duration>) -> Result<(Round, Arc<Run>, Storm)> {
        let fleet = Fleet::new(program, &self.redis, self.log.clone(), self.dice()).await?;
        let mut processes = JoinSet::new();
        for member in 0..fleet.size() {
            processes.spawn(Arc::clone(&fleet).keep(member));
        }
        let world = World::populate(&mut Caller::new(Arc::clone(&fleet), self.dice())).await?;
        let history = History::new(stamp_ttl);
        let run = Arc::new(Run { fleet, world, history, counts: Counts::default(), over: AtomicBool::new(false) });
        let storm = Storm::new(Arc::clone(&run), self.services.clone(), self.redis.clone());
        let mut clients = JoinSet::new();
        for _ in 0..self.clients {
            clients.spawn(Client::new(&run, self.dice(), self.dice()).play());
        }
        Ok((Round { began: Instant::now(), clients, processes }, run, storm))
    }
}

/// What runs in the background of a run; ends when it is dropped.
struct Round {
    began: Instant,
    clients: JoinSet<Result<()>>,
    processes: JoinSet<Result<()>>,
}

impl Round {
    /// Waits until a client or a process fails.
    async fn failed(&mut self) -> anyhow::Error {
        let ended = tokio::select! {
            Some(client) = self.clients.join_next() => client,
            Some(process) = self.processes.join_next() => process,
        };
        match ended {
            Ok(Ok(())) => anyhow::anyhow!("a client or a process has ended before its time"),
            Ok(Err(error)) => error,
            Err(error) => error.into(),
        }
    }

    /// Lets the clients finish what they have begun.
    async fn clients_end(&mut self, run: &Run) -> Result<()> {
        run.over.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client?.context("a client was left without an answer")?;
        }
        Ok(())
    }

    async fn end(&mut self, run: &Run) -> Result<()> {
        self.clients.shutdown().await;
        run.fleet.end();
        while let Some(process) = self.processes.join_next().await {
            process??;
        }
        Ok(())
    }
}
