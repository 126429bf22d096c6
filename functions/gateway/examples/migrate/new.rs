//! This release: its program, told to migrate and to serve as a rollout does, and its players.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use testkit::{
    app::{SIGNING_KEY, VERIFYING_KEY},
    player::{Player, Spec, State},
    process::{Process, Signal},
};
use tokio::{
    process::{Child, Command},
    task::JoinSet,
};

use super::Counts;

/// Longest wait for what takes a moment.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two requests of a player.
const PAUSE: Duration = Duration::from_millis(10);

/// The running program.
pub(super) struct New {
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
    child: Child,
    url: String,
}

impl New {
    /// Starts to serve, on a database that need not have its schema yet.
    pub(super) async fn start(database: &str, redis: &str) -> Result<Self> {
        // Beside this one: `target/<profile>/gateway` and `target/<profile>/examples/migrate`.
        let here = std::env::current_exe()?;
        let program = here.ancestors().nth(2).context("a folder")?.join("gateway");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let environment = vec![
            ("APP_ENV", "test".to_owned()),
            ("HOST", "127.0.0.1".to_owned()),
            ("PORT", port.to_string()),
            ("METRICS_PORT", "0".to_owned()),
            ("DATABASE_URL", database.to_owned()),
            ("REDIS_URL", redis.to_owned()),
            ("AUTH_SIGNING_KEY", SIGNING_KEY.to_owned()),
            ("AUTH_VERIFYING_KEYS", VERIFYING_KEY.to_owned()),
            ("RATE_LIMIT_PERCENT", "0".to_owned()),
            ("SHUTDOWN_DELAY_SECONDS", "0".to_owned()),
            ("LOG_LEVEL", "error".to_owned()),
        ];
        let child = command(&program, &environment, "serve").spawn();
        let child = child.with_context(|| format!("cannot run {}", program.display()))?;
        Ok(Self { program, environment, child, url: format!("http://127.0.0.1:{port}") })
    }

    /// It lives, and says why it takes no requests yet.
    pub(super) async fn wants_its_schema(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(answer) = reqwest::get(format!("{}/ready", self.url)).await {
                let (status, body) = (answer.status(), answer.json::<Value>().await?);
                let is_told = status == 503 && body["error"]["reason"] == "SCHEMA_TOO_OLD";
                ensure!(is_told, "without its schema it answers {status} {body}");
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "it does not answer");
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(super) async fn migrate(&self) -> Result<()> {
        let output = command(&self.program, &self.environment, "migrate").output().await?;
        ensure!(output.status.success(), "gateway migrate: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    pub(super) async fn ready(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !reqwest::get(format!("{}/ready", self.url)).await.is_ok_and(|answer| answer.status() == 200) {
            ensure!(Instant::now() < deadline, "it does not get ready");
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Lets so many new players play.
    pub(super) async fn play(&self, players: u64, counts: &Arc<Counts>) -> Result<Players> {
        let mut playing = JoinSet::new();
        for _ in 0..players {
            let player = Player::register(&self.url).await?;
            playing.spawn(live_on(player, Arc::clone(counts)));
        }
        Ok(Players(playing))
    }

    /// Signs somebody in and counts the characters of the account, which it does not live for.
    pub(super) async fn lists_the_characters_of(&self, username: &str, password: &str) -> Result<u64> {
        let client = reqwest::Client::new();
        let login = client.post(format!("{}/api/v1/auth/login", self.url));
        let answer: Value =
            login.json(&json!({"username": username, "password": password})).send().await?.json().await?;
        let token = answer["data"]["access_token"].as_str().with_context(|| format!("no token: {answer}"))?;
        let list = client.get(format!("{}/api/v1/characters?limit=100", self.url)).bearer_auth(token);
        let answer: Value = list.send().await?.json().await?;
        answer["meta"]["count"].as_u64().with_context(|| format!("no list: {answer}"))
    }

    pub(super) async fn stop(mut self) -> Result<()> {
        let process = self.child.id().and_then(Process::find).context("it has ended by itself")?;
        process.signal(Signal::TERM)?;
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.context("it does not end")??;
        ensure!(status.success(), "it ended badly ({status})");
        Ok(())
    }
}

fn command(program: &PathBuf, environment: &[(&'static str, String)], verb: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(verb).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    if verb == "serve" {
        command.stderr(Stdio::inherit());
    }
    command
}

/// Players under way; they end when this is dropped.
pub(super) struct Players(JoinSet<()>);

impl Players {
    pub(super) async fn end(mut self) -> Result<()> {
        while let Some(player) = self.0.join_next().await {
            player?;
        }
        Ok(())
    }
}

/// Lives one life after the other; a request that has to be sent twice has failed.
async fn live_on(player: Player, counts: Arc<Counts>) {
    while !counts.is_over() {
        if let Err(error) = live(&player, &counts).await {
            counts.new_failed(format!("this release: {error:#}"));
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn live(player: &Player, counts: &Counts) -> Result<()> {
    let character = ask(player, counts, "/characters", &json!(Spec::new("林安", "CN", 1962)), "").await?;
    let id = character["character_id"].as_str().context("no id")?;
    let body = json!({"expected_version": character["version"]});
    let mut state: State = serde_json::from_value(ask(player, counts, &format!("/game/start/{id}"), &body, "").await?)?;
    while !state.is_over() && !counts.is_over() {
        let version = state.version;
        let (path, body) = match state.pending_decisions.first() {
            Some(decision) => (
                format!("/game/decision/{id}"),
                json!({
                    "expected_version": version, "decision_id": decision.decision_id, "option_id": decision.default_option_id,
                }),
            ),
            None => (format!("/game/advance/{id}"), json!({"expected_version": version, "mode": "steady", "years": 1})),
        };
        state = serde_json::from_value(ask(player, counts, &path, &body, "/state").await?)?;
        let read = player.get(&format!("/game/state/{id}")).await?;
        ensure!(read.attempts == 1 && read.data::<State>()?.version == state.version, "a read shows {}", read.body);
        counts.new.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// A change, sent once; of the answer's data what is at `at`.
async fn ask(player: &Player, counts: &Counts, path: &str, body: &Value, at: &str) -> Result<Value> {
    let answer = player.post(path, body).await?;
    if answer.attempts != 1 || !answer.status.is_success() {
        bail!("{path} answered {} after {} attempts: {}", answer.status, answer.attempts, answer.body);
    }
    counts.new.fetch_add(1, Ordering::Relaxed);
    answer.json()["data"].pointer(at).cloned().with_context(|| format!("{path} answered {}", answer.body))
}
