//! The keys drill: the key that signs access tokens is replaced, container by container, while players go on playing.
//!
//! A rotation has three steps, each a rolling restart: every container learns to believe the new key; then they sign with
//! it; and when the last token of the old key has expired, they forget the old one. Nobody may be refused meanwhile. To
//! show that the drill would notice, it ends with a careless rotation, which signs before everyone believes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::services::{Profile, Services};
use tokio::task::JoinSet;

use super::dice::Dice;
use crate::stack::gateway::{Build, Gateway, Log, Ports, Program};
use crate::stack::interrupt::Interrupt;
use crate::stack::terminal::say;

/// Containers of the same deployment.
const CONTAINERS: usize = 2;
/// A player refreshes about once in so many requests.
const REFRESHES: u64 = 12;
/// Time between two of a player's requests.
const PAUSE: Duration = Duration::from_millis(10);
/// How long each step is lived in.
const STEP: Duration = Duration::from_millis(1_500);

/// How much to do.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct KeysArgs {
    /// Players at once.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..))]
    players: u64,
    /// Decides whom each request goes to.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the drill.
pub(crate) fn run(args: &KeysArgs) -> Result<()> {
    super::on_own_servers(async |services, interrupt| drill(*args, services, interrupt).await)
}

async fn drill(args: KeysArgs, services: &Services, interrupt: &Interrupt) -> Result<()> {
    let servers = services.clone();
    let (postgres, redis) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((servers.postgres(Profile::Drill)?, servers.redis(Profile::Drill)?))
    })
    .await??;
    let program = Program::build(Build::Debug, interrupt)
        .await?
        .with([("DATABASE_URL", postgres.admin_url), ("REDIS_URL", redis.url)])
        .with([("RATE_LIMIT_PERCENT", "0"), ("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")]);
    let [old, new, careless] =
        [Keys::fresh(&program).await?, Keys::fresh(&program).await?, Keys::fresh(&program).await?];
    old.sign(&program, &[&old]).migrate().await?;
    let log = services.local_dir().join("drill-keys.log");
    testkit::record::remove(&log)?;
    let mut deployment = Deployment { program, containers: Vec::new(), log: Log::File(log) };
    let outcome = tokio::select! {
        outcome = rotate(args, &mut deployment, [&old, &new, &careless], interrupt) => outcome,
        () = interrupt.requested() => Err(anyhow::anyhow!("interrupted")),
    };
    for (_, container) in deployment.containers {
        container.stop(interrupt).await?;
    }
    outcome
}

async fn rotate(
    args: KeysArgs,
    deployment: &mut Deployment,
    [old, new, careless]: [&Keys; 3],
    interrupt: &Interrupt,
) -> Result<()> {
    let started = Instant::now();
    deployment.start(old, &[old]).await?;
    let urls: Vec<_> = deployment.containers.iter().map(|(_, container)| container.url()).collect();
    let counts = Arc::new(Counts::default());
    let mut players = JoinSet::new();
    for number in 0..args.players {
        let dice = Dice::new(args.seed.wrapping_mul(1_000).wrapping_add(number));
        players.spawn(play(Player::register(&urls, dice, number).await?, Arc::clone(&counts)));
    }
    tokio::time::sleep(STEP).await;
    // A token of the old key, kept beyond its time.
    let mut keeper = Player::register(&urls, Dice::new(args.seed), args.players).await?;

    deployment.roll(old, &[old, new], interrupt).await?;
    deployment.roll(new, &[old, new], interrupt).await?;
    // In earnest 15 minutes pass here, in which every access token expires. The drill lets every player refresh instead.
    counts.everyone_refreshes(args.players).await?;
    deployment.roll(new, &[new], interrupt).await?;
    let (requests, refreshes, refused) = counts.read();
    let forgotten = keeper.ask().await? == Some(StatusCode::UNAUTHORIZED);
    ensure!(keeper.refresh().await?, "a session does not depend on the key that signed its first access token");
    ensure!(keeper.ask().await? == Some(StatusCode::OK), "a refreshed token is good");

    deployment.roll(careless, &[careless], interrupt).await?;
    let noticed = counts.read().2 - refused;
    counts.enough.store(true, Ordering::Relaxed);
    while let Some(player) = players.join_next().await {
        player?.context("a player was left without an answer")?;
    }
    say(format_args!(
        "players={} steps=3 requests={requests} refreshes={refreshes} refused={refused} old_key_forgotten={forgotten} \
         careless_refused={noticed} seconds={:.1}",
        args.players,
        started.elapsed().as_secs_f32()
    ));
    ensure!(refused == 0, "players were refused during a rotation");
    ensure!(forgotten, "a token of the forgotten key was believed");
    ensure!(noticed > 0, "the drill would not have noticed a careless rotation");
    ensure!(requests >= 100 * args.players, "the drill did less than it should have");
    Ok(())
}

/// A pair of keys: what signs, and what believes.
struct Keys {
    signing: String,
    verifying: String,
}

impl Keys {
    async fn fresh(program: &Program) -> Result<Self> {
        let lines = program.keygen().await?;
        let value = |name: &str| -> Result<String> {
            let line = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            Ok(line.with_context(|| format!("gateway keygen gives no {name}"))?.to_owned())
        };
        Ok(Self { signing: value("AUTH_SIGNING_KEY")?, verifying: value("AUTH_VERIFYING_KEYS")? })
    }

    /// The program signing with this key and believing some.
    fn sign(&self, program: &Program, believed: &[&Self]) -> Program {
        let verifying: Vec<_> = believed.iter().map(|keys| keys.verifying.as_str()).collect();
        program.clone().with([("AUTH_SIGNING_KEY", self.signing.clone()), ("AUTH_VERIFYING_KEYS", verifying.join(","))])
    }
}

/// The containers behind one service address.
struct Deployment {
    program: Program,
    containers: Vec<(Ports, Gateway)>,
    log: Log,
}

impl Deployment {
    async fn start(&mut self, signing: &Keys, believed: &[&Keys]) -> Result<()> {
        for _ in 0..CONTAINERS {
            let ports = Ports::any()?;
            let mut container = signing.sign(&self.program, believed).serve(ports, self.log.clone())?;
            container.ready().await?;
            self.containers.push((ports, container));
        }
        Ok(())
    }

    /// Restarts one container after the other with other keys, and lives in between.
    async fn roll(&mut self, signing: &Keys, believed: &[&Keys], interrupt: &Interrupt) -> Result<()> {
        for _ in 0..self.containers.len() {
            let (ports, container) = self.containers.remove(0);
            container.stop(interrupt).await?;
            let mut container = signing.sign(&self.program, believed).serve(ports, self.log.clone())?;
            container.ready().await?;
            self.containers.push((ports, container));
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }
}

/// What all players did.
#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    refreshes: AtomicU64,
    refused: AtomicU64,
    /// How often everyone was asked to refresh, and how many have.
    calls: AtomicU64,
    followed: AtomicU64,
    enough: AtomicBool,
}

impl Counts {
    fn read(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.requests), read(&self.refreshes), read(&self.refused))
    }

    async fn everyone_refreshes(&self, players: u64) -> Result<()> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.followed.load(Ordering::Relaxed) < players {
            ensure!(Instant::now() < deadline, "some player did not refresh");
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

async fn play(mut player: Player, counts: Arc<Counts>) -> Result<()> {
    let mut followed = 0;
    while !counts.enough.load(Ordering::Relaxed) {
        let called = counts.calls.load(Ordering::Relaxed) > followed;
        if called || player.dice.one_in(REFRESHES) {
            if !player.refresh().await? {
                counts.refused.fetch_add(1, Ordering::Relaxed);
            }
            counts.refreshes.fetch_add(1, Ordering::Relaxed);
        }
        if called {
            followed += 1;
            counts.followed.fetch_add(1, Ordering::Relaxed);
        }
        match player.ask().await? {
            Some(StatusCode::OK) => {
                counts.requests.fetch_add(1, Ordering::Relaxed);
            }
            Some(_) => {
                counts.refused.fetch_add(1, Ordering::Relaxed);
            }
            None => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// A signed-in player who does not care which container answers.
struct Player {
    client: Client,
    urls: Vec<String>,
    dice: Dice,
    access: String,
    refresh: String,
}

impl Player {
    async fn register(urls: &[String], dice: Dice, number: u64) -> Result<Self> {
        let client = Client::builder().timeout(Duration::from_secs(10)).build()?;
        let (access, refresh) = (String::new(), String::new());
        let mut player = Self { client, urls: urls.to_vec(), dice, access, refresh };
        let body = json!({"username": format!("player_{number}"), "password": "correct horse battery"});
        ensure!(player.signed_in("/api/v1/auth/register", &body).await?, "player {number} cannot register");
        Ok(player)
    }

    /// Asks for the own profile; `None` where no container answered.
    async fn ask(&mut self) -> Result<Option<StatusCode>> {
        let url = format!("{}/api/v1/auth/profile", self.dice.pick(&self.urls));
        match self.client.get(url).bearer_auth(&self.access).send().await {
            Ok(answer) => Ok(Some(answer.status())),
            Err(error) if error.is_connect() || error.is_request() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks for new tokens; whether there were any.
    async fn refresh(&mut self) -> Result<bool> {
        let body = json!({"refresh_token": self.refresh});
        self.signed_in("/api/v1/auth/refresh", &body).await
    }

    /// Asks until some container answers; a refresh may be repeated with the same token.
    async fn signed_in(&mut self, path: &str, body: &Value) -> Result<bool> {
        for _ in 0..200 {
            let url = format!("{}{path}", self.dice.pick(&self.urls));
            let Ok(answer) = self.client.post(url).json(body).send().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            if !answer.status().is_success() {
                return Ok(false);
            }
            let data = &answer.json::<Value>().await?["data"];
            let text = |name: &str| data[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
            (self.access, self.refresh) = (text("access_token")?, text("refresh_token")?);
            return Ok(true);
        }
        bail!("no container answers {path}")
    }
}
