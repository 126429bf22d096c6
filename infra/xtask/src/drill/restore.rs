//! The restore drill: a backup is made while players play on, the database is destroyed, and what the runbook of
//! `docs/operations/backup.md` says is done. Nothing that was acknowledged before the backup began may be missing, every
//! life must come out of its log as it is stored, and where one stands again it must stand as its player was told.
//!
//! It prints what that cost: how much was lost (RPO) and how long nobody could play (RTO). To show that the replay would
//! notice, it ends with one entry taken out of one log.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use testkit::player::{Chooser, Player, SeededChooser, Spec, State};
use testkit::services::{self, Profile, Services, checkout_root};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::stack::gateway::{Build, Gateway, Log, Ports, Program};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::{DIM, say};

/// Players at once.
const PLAYERS: u64 = 8;
/// Acknowledged writes between the end of the backup and the disaster: what is going to be lost.
const WRITES_AFTER: u64 = 50;
/// Nobody is without an acknowledged write for so long unless something is broken.
const STALLED: Duration = Duration::from_secs(120);
/// What clients read in the restored game at once.
const SHOWN: usize = 10;

/// How much to do.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct RestoreArgs {
    /// Whole lives to be lived before the backup.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..))]
    lives: u64,
    /// A thousand lives instead.
    #[arg(long, conflicts_with = "lives")]
    long: bool,
    /// Decides what the players choose.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the drill.
pub(crate) fn run(args: &RestoreArgs) -> Result<()> {
    super::until_interrupted(async |services, interrupt| drill(*args, services, interrupt).await)
}

async fn drill(args: RestoreArgs, services: &Services, interrupt: &Interrupt) -> Result<()> {
    let lives = if args.long { 1_000 } else { args.lives };
    let (program, _) = prepare(services, interrupt).await?;
    let log = services.local_dir().join("drill-restore.log");
    testkit::record::remove(&log)?;
    let vault = Vault::new().await?;
    program.migrate().await?;
    let mut gateway = start(&program, &log).await?;

    let game = Arc::new(Game::default());
    let mut players = JoinSet::new();
    for number in 0..PLAYERS {
        let player = Arc::new(Player::register(&gateway.url()).await?);
        players.spawn(live_on(player, args.seed.wrapping_mul(1_000).wrapping_add(number), Arc::clone(&game)));
    }
    game.reached(&game.ended, lives, &mut players).await?;

    say(format_args!("{DIM}{lives} lives lived; backing up while players go on{DIM:#}"));
    game.mark();
    let (backup_began, before) = (Instant::now(), game.acked.load(Ordering::SeqCst));
    let file = vault.back_up(&program).await?;
    let backup_s = backup_began.elapsed().as_secs_f32();
    let after = game.acked.load(Ordering::SeqCst);
    game.reached(&game.acked, after + WRITES_AFTER, &mut players).await?;

    // The server and all its files, and Redis with it. Players see errors, and are sent home.
    let servers = services.clone();
    tokio::task::spawn_blocking(move || servers.stop(Profile::Drill)).await??;
    let disaster = Instant::now();
    game.over.store(true, Ordering::SeqCst);
    players.shutdown().await;
    let acked = game.acked.load(Ordering::SeqCst);
    say(format_args!("{DIM}the database is gone; following the runbook{DIM:#}"));

    // What docs/operations/backup.md says, in its order.
    gateway.stop(interrupt).await?;
    let (program, database) = prepare(services, interrupt).await?;
    let restoring = Instant::now();
    vault.restore(&file, &database).await?;
    let restore_s = restoring.elapsed().as_secs_f32();
    program.migrate().await?;
    let replaying = Instant::now();
    let replayed = program.replay().await?;
    let replay_s = replaying.elapsed().as_secs_f32();
    gateway = start(&program, &log).await?;
    let rto_s = disaster.elapsed().as_secs_f32();
    vault.back_up(&program).await?;

    let url = gateway.url();
    let mut verdict = Verdict::default();
    for life in game.lives() {
        verdict.hold(&life, &url, disaster).await?;
    }
    let noticed = vault.tamper(&program, &database).await?;
    gateway.stop(interrupt).await?;

    for finding in &verdict.findings {
        say(finding);
    }
    let Verdict { whole, missing, differing, lost, unheard, rpo, .. } = verdict;
    say(format_args!(
        "lives={} recomputed={} linked={} broken={} whole={whole} acked={acked} acked_during_backup={} lost_writes={lost} \
         rpo_s={:.1} rto_s={rto_s:.1} backup_s={backup_s:.1} restore_s={restore_s:.1} replay_s={replay_s:.1} backup_bytes={} missing={missing} \
         differing={differing} unheard={unheard} tampered_found={noticed}",
        replayed.lives,
        replayed.recomputed,
        replayed.linked,
        replayed.broken,
        after - before,
        rpo.as_secs_f32(),
        std::fs::metadata(&file)?.len(),
    ));
    ensure!(replayed.broken == 0, "restored lives are not what their logs say");
    ensure!(missing == 0, "what was acknowledged before the backup began is missing");
    ensure!(differing == 0, "a restored life stands otherwise than its player was told");
    ensure!(noticed, "the replay would not have noticed an entry that is gone");
    let enough = replayed.recomputed >= lives && whole >= lives && lost >= WRITES_AFTER;
    ensure!(enough, "the drill did less than it should have");
    Ok(())
}

/// Fresh servers, with an empty database, and the program that knows them.
async fn prepare(services: &Services, interrupt: &Interrupt) -> Result<(Program, String)> {
    let servers = services.clone();
    let (postgres, redis) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
    })
    .await??;
    let program = Program::build(Build::Debug, interrupt)
        .await?
        .with([("DATABASE_URL", postgres.admin_url.clone()), ("REDIS_URL", redis.url)])
        .with([("RATE_LIMIT_PERCENT", "0"), ("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")])
        .with_keys(&services.local_dir().join("keys.env"))
        .await?;
    Ok((program, postgres.admin_url))
}

async fn start(program: &Program, log: &Path) -> Result<Gateway> {
    let mut gateway = program.serve(Ports::any()?, Log::File(log.to_owned()))?;
    gateway.ready().await?;
    Ok(gateway)
}

/// What all players did.
#[derive(Default)]
struct Game {
    lives: Mutex<Vec<Arc<Life>>>,
    acked: AtomicU64,
    ended: AtomicU64,
    over: AtomicBool,
}

/// One life, and what its player was told of it.
struct Life {
    player: Arc<Player>,
    id: String,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// Each acknowledged version: when, and where the life stood then.
    acks: Vec<(i64, Instant, Value)>,
    /// The newest version that was acknowledged before the backup began.
    kept: Option<i64>,
}

impl Game {
    fn lives(&self) -> Vec<Arc<Life>> {
        lock(&self.lives).clone()
    }

    /// What is acknowledged by now, a backup that begins now must hold.
    fn mark(&self) {
        for life in self.lives() {
            let mut told = lock(&life.told);
            told.kept = told.acks.last().map(|(version, ..)| *version);
        }
    }

    /// Waits until a count has come so far.
    async fn reached(&self, count: &AtomicU64, wanted: u64, players: &mut JoinSet<Result<()>>) -> Result<()> {
        let (mut seen, mut since) = (self.acked.load(Ordering::SeqCst), Instant::now());
        while count.load(Ordering::SeqCst) < wanted {
            if let Some(ended) = players.try_join_next() {
                ended??;
                bail!("a player has ended before its time");
            }
            let now = self.acked.load(Ordering::SeqCst);
            if now > seen {
                (seen, since) = (now, Instant::now());
            }
            ensure!(since.elapsed() < STALLED, "no player has got anywhere for {} s", STALLED.as_secs());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

/// Lives one life after the other.
async fn live_on(player: Arc<Player>, seed: u64, game: Arc<Game>) -> Result<()> {
    let mut chooser = SeededChooser::new(seed);
    while !game.over.load(Ordering::SeqCst) {
        let character = player.create_character(&Spec::new("林安", "CN", 1962)).await?;
        let id = character.character_id;
        let life = Arc::new(Life { player: Arc::clone(&player), id: id.clone(), told: Mutex::default() });
        lock(&game.lives).push(Arc::clone(&life));
        let body = json!({ "expected_version": character.version });
        let mut state = life.change(&game, &format!("/game/start/{id}"), &body, "").await?;
        while !state.is_over() && !game.over.load(Ordering::SeqCst) {
            let version = state.version;
            let (path, body) = match state.pending_decisions.first() {
                Some(decision) => (
                    format!("/game/decision/{id}"),
                    json!({
                        "expected_version": version, "decision_id": decision.decision_id,
                        "option_id": chooser.option(decision)?,
                    }),
                ),
                None => (
                    format!("/game/advance/{id}"),
                    json!({ "expected_version": version, "mode": chooser.mode(&state), "years": 1 }),
                ),
            };
            state = life.change(&game, &path, &body, "/state").await?;
        }
        game.ended.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

impl Life {
    /// A change, and where the life stands after it; `at` says where in the answer's data that is.
    async fn change(&self, game: &Game, path: &str, body: &Value, at: &str) -> Result<State> {
        let answer = self.player.post(path, body).await?;
        let when = Instant::now();
        ensure!(answer.status.is_success(), "{path} {body} was refused: {}", answer.body);
        let answer = answer.json();
        let state = answer["data"].pointer(at).context("an answer without a state")?.clone();
        let read: State = serde_json::from_value(state.clone())?;
        lock(&self.told).acks.push((read.version, when, state));
        game.acked.fetch_add(1, Ordering::SeqCst);
        Ok(read)
    }
}

/// What the restored game shows, against what players were told.
#[derive(Default)]
struct Verdict {
    /// Lives that stand where some acknowledged write had left them.
    whole: u64,
    /// Lives that stand at a version before the backup began, or not at all.
    missing: u64,
    /// Lives that stand otherwise than their player was told.
    differing: u64,
    /// Acknowledged writes that are gone.
    lost: u64,
    /// Lives that stand at a version whose acknowledgement did not reach the player.
    unheard: u64,
    /// How long before the disaster the oldest lost write had been acknowledged.
    rpo: Duration,
    findings: Vec<String>,
}

impl Verdict {
    async fn hold(&mut self, life: &Life, url: &str, disaster: Instant) -> Result<()> {
        let answer = reqwest::Client::new()
            .get(format!("{url}/api/v1/game/state/{}", life.id))
            // As the player was told it.
            .header("accept-language", "zh-CN")
            .bearer_auth(life.player.token().await)
            .send()
            .await?;
        let (status, body) = (answer.status(), answer.text().await?);
        let body: Value = serde_json::from_str(&body).with_context(|| body.clone())?;
        let stands = if status.is_success() { body["data"]["version"].as_i64() } else { None };

        let told = lock(&life.told);
        if told.kept > stands {
            self.missing += 1;
            self.find(&format!("{}: {:?} was acknowledged before the backup, {stands:?} is there", life.id, told.kept));
        }
        let gone: Vec<_> = told.acks.iter().filter(|(version, ..)| Some(*version) > stands).collect();
        self.lost += u64::try_from(gone.len())?;
        if let Some((_, when, _)) = gone.first() {
            self.rpo = self.rpo.max(disaster.saturating_duration_since(*when));
        }
        match told.acks.iter().find(|(version, ..)| Some(*version) == stands) {
            Some((version, _, state)) if *state != body["data"] => {
                self.differing += 1;
                self.find(&format!("{} at {version}: told {state}\n  shows {}", life.id, body["data"]));
            }
            Some(_) => self.whole += 1,
            // Dealt and not begun, or written a moment before the dump without an answer.
            None if stands.is_some() => self.unheard += 1,
            None => {}
        }
        Ok(())
    }

    fn find(&mut self, what: &str) {
        if self.findings.len() < SHOWN {
            self.findings.push(what.chars().take(1_200).collect());
        }
    }
}

/// A folder for backups, a pair of keys, and the scripts of `infra/backup`.
struct Vault {
    folder: tempfile::TempDir,
    identity: PathBuf,
    recipient: String,
    path: OsString,
    scripts: PathBuf,
}

impl Vault {
    #[expect(clippy::disallowed_methods, reason = "PATH is the shell's, not a setting of ours")]
    async fn new() -> Result<Self> {
        let (age, postgres) =
            tokio::task::spawn_blocking(|| anyhow::Ok((services::age()?, services::postgres_programs()?))).await??;
        let folder = tempfile::tempdir()?;
        let identity = folder.path().join("identity");
        let made = Command::new(age.with_file_name("age-keygen")).arg("-o").arg(&identity).output().await?;
        ensure!(made.status.success(), "age-keygen: {}", String::from_utf8_lossy(&made.stderr));
        let text = std::fs::read_to_string(&identity)?;
        let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: "));
        let recipient = recipient.context("age-keygen names no public key")?.to_owned();
        let mut path = vec![postgres, age.parent().context("age lies in a folder")?.to_owned()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let scripts = checkout_root()?.join("infra/backup");
        Ok(Self { folder, identity, recipient, path: std::env::join_paths(path)?, scripts })
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path).env("BACKUP_FOLDER", self.folder.path()).kill_on_drop(true);
        command.env("BACKUP_RECIPIENT", &self.recipient).env("BACKUP_IDENTITY", &self.identity);
        command
    }

    async fn run(&self, script: &str, name: &str, url: &str, file: Option<&Path>) -> Result<String> {
        let output = self.command(self.scripts.join(script)).args(file).env(name, url).output().await?;
        ensure!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A backup of the program's database, which is verified; where it lies.
    async fn back_up(&self, program: &Program) -> Result<PathBuf> {
        let url = program.setting("DATABASE_URL").context("a program without a database")?;
        let said = self.run("backup.sh", "BACKUP_DATABASE_URL", url, None).await?;
        let name = said.strip_prefix("backup=").and_then(|rest| rest.split(' ').next());
        Ok(self.folder.path().join(name.context("backup.sh names no file")?))
    }

    async fn restore(&self, file: &Path, url: &str) -> Result<()> {
        self.run("restore.sh", "RESTORE_DATABASE_URL", url, Some(file)).await.map(drop)
    }

    /// Takes one entry out of one log; whether the replay finds that, and nothing else.
    async fn tamper(&self, program: &Program, url: &str) -> Result<bool> {
        let statement = "DELETE FROM life_log WHERE (character_id, seq) = \
                         (SELECT character_id, max(seq) FROM life_log GROUP BY character_id ORDER BY 2 DESC LIMIT 1)";
        let psql = self
            .command("psql")
            .args(["--no-psqlrc", "--quiet", "--dbname", url, "--command", statement])
            .output()
            .await?;
        ensure!(psql.status.success(), "psql: {}", String::from_utf8_lossy(&psql.stderr));
        Ok(program.replay().await?.broken == 1)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
