//! The gateway as a child process: built, given an environment, started, waited for, drained.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use testkit::process::{Process, Signal};
use testkit::record;
use tokio::process::{Child, Command};

use super::interrupt::Interrupt;
use crate::cargo::{build_command, executable};

/// How long a start may take; it takes well under a second.
const START: Duration = Duration::from_secs(60);
/// How long the gateway may drain before it is killed: its own grace and a little more.
const DRAIN: Duration = Duration::from_secs(30);

/// How the gateway is built: a profile of the workspace.
#[derive(Clone, Copy)]
pub(crate) enum Build {
    /// As for tests.
    Debug,
    /// As it is shipped.
    Release,
    /// As fast as it is shipped, with the faults of drills in it.
    Drill,
}

impl Build {
    fn profile(self) -> &'static str {
        match self {
            Self::Debug => "dev",
            Self::Release => "release",
            Self::Drill => "drill",
        }
    }
}

/// The built program with the environment it runs in.
#[derive(Clone)]
pub(crate) struct Program {
    path: PathBuf,
    environment: Vec<(String, String)>,
}

impl Program {
    /// Builds the gateway, with cargo's progress on standard error.
    pub(crate) async fn build(build: Build, interrupt: &Interrupt) -> Result<Self> {
        let profile = build.profile();
        let mut build = Command::from(build_command("gateway", &[]));
        build.args(["--profile", profile]);
        let output = interrupt.run(&mut build).await?;
        ensure!(output.status.success(), "the gateway does not build");
        let path = executable(&output.stdout)?;
        Ok(Self { path, environment: Vec::new() })
    }

    /// The same program with more variables.
    pub(crate) fn with<K: Into<String>, V: Into<String>>(mut self, more: impl IntoIterator<Item = (K, V)>) -> Self {
        self.environment.extend(more.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The same program with the token keys kept in a file, which is made if there is none.
    pub(crate) async fn with_keys(self, file: &Path) -> Result<Self> {
        if !file.exists() {
            record::write_private(file, self.keygen().await?.as_bytes())?;
        }
        let keys = fs::read_to_string(file)?;
        let pairs: Vec<_> = keys.lines().filter_map(|line| line.split_once('=')).collect();
        Ok(self.with(pairs))
    }

    /// A fresh pair of token keys, as lines of an environment.
    pub(crate) async fn keygen(&self) -> Result<String> {
        let keys = self.command("keygen").output().await?;
        ensure!(keys.status.success(), "gateway keygen: {}", String::from_utf8_lossy(&keys.stderr));
        Ok(String::from_utf8(keys.stdout)?)
    }

    /// How many passwords a second it hashes with these settings.
    pub(crate) async fn hashes_per_second(&self) -> Result<f64> {
        let measured = self.command("password-cost").output().await?;
        ensure!(measured.status.success(), "gateway password-cost: {}", String::from_utf8_lossy(&measured.stderr));
        let line = String::from_utf8(measured.stdout)?;
        let rate = line.trim().rsplit_once('=').context("gateway password-cost says nothing")?.1;
        Ok(rate.parse()?)
    }

    /// Brings the database's schema up to date.
    pub(crate) async fn migrate(&self) -> Result<()> {
        let output = self.command("migrate").output().await?;
        ensure!(output.status.success(), "gateway migrate: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }

    /// Lives every life in the database again; what came out. Lives that are broken are no error here.
    pub(crate) async fn replay(&self) -> Result<Replayed> {
        let output = self.command("replay").output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        // Log lines come first.
        let line = text.lines().last().unwrap_or_default();
        let figure = |name: &str| {
            let value = line.split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok());
            value.with_context(|| format!("gateway replay: {line}{}", String::from_utf8_lossy(&output.stderr)))
        };
        let replayed = Replayed {
            lives: figure("lives")?,
            recomputed: figure("recomputed")?,
            linked: figure("linked")?,
            broken: figure("broken")?,
        };
        ensure!(
            output.status.success() == (replayed.broken == 0),
            "gateway replay ends with {}: {line}",
            output.status
        );
        Ok(replayed)
    }

    /// What one of its variables is set to here.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        let (_, value) = self.environment.iter().rev().find(|(variable, _)| variable == name)?;
        Some(value)
    }

    /// Runs a job as an operator does.
    pub(crate) async fn job(&self, id: &str) -> Result<()> {
        let output = self.command("job").arg(id).output().await?;
        ensure!(output.status.success(), "gateway job {id}: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }

    /// Starts serving on 127.0.0.1; [`Gateway::ready`] waits for the first answer.
    pub(crate) fn serve(&self, ports: Ports, log: Log) -> Result<Gateway> {
        let mut command = self.command("serve");
        command.env("HOST", Ipv4Addr::LOCALHOST.to_string());
        command.env("PORT", ports.api.to_string()).env("METRICS_PORT", ports.metrics.to_string());
        // A group of its own: the terminal's Ctrl-C must reach the one that drains it, not the gateway itself.
        command.process_group(0).kill_on_drop(true);
        let log = match log {
            Log::Terminal => None,
            Log::File(path) => {
                let file = File::options().create(true).append(true).open(&path)?;
                command.stdout(file.try_clone()?).stderr(file);
                Some(path)
            }
        };
        let child = command.spawn().with_context(|| format!("cannot run {}", self.path.display()))?;
        let process = child.id().and_then(Process::find).context("the gateway ended at once")?;
        Ok(Gateway { child, process, ports, log })
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.arg(verb).stdin(Stdio::null()).env("APP_ENV", "local");
        // Nobody balances load here but in a drill, which says so.
        command.env("SHUTDOWN_DELAY_SECONDS", "0").envs(self.environment.iter().cloned());
        command
    }
}

/// What `gateway replay` says of all lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// How many there are.
    pub(crate) lives: u64,
    /// How many came out as they are stored.
    pub(crate) recomputed: u64,
    /// How many have a whole log, of other rules or content.
    pub(crate) linked: u64,
    /// How many are not what their log says.
    pub(crate) broken: u64,
}

/// Where the gateway's own log lines go.
#[derive(Clone)]
pub(crate) enum Log {
    /// To the terminal, as they are.
    Terminal,
    /// To the end of a file.
    File(PathBuf),
}

/// The two ports of a gateway.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    /// The API and its documentation.
    pub(crate) api: u16,
    /// Prometheus metrics.
    pub(crate) metrics: u16,
}

impl Ports {
    /// The usual ones, or the next that are free.
    pub(crate) fn usual() -> Result<Self> {
        let api = next_free(8080)?;
        Ok(Self { api, metrics: next_free(9464.max(if api >= 9464 { api + 1 } else { 0 }))? })
    }

    /// The next that are free from a given one on. Below 32768, where no system takes the ports of its own connections
    /// from, nobody takes them while their gateway is being started again.
    pub(crate) fn from(first: u16) -> Result<Self> {
        let api = next_free(first)?;
        Ok(Self { api, metrics: next_free(api + 1)? })
    }

    /// Any that are free.
    pub(crate) fn any() -> Result<Self> {
        let any = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let (api, metrics) = (any()?, any()?);
        Ok(Self { api: api.local_addr()?.port(), metrics: metrics.local_addr()?.port() })
    }
}

/// The first free port of 127.0.0.1 from a given one on.
fn next_free(first: u16) -> Result<u16> {
    let free = (first..=first.saturating_add(100)).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.with_context(|| format!("no free port between {first} and {}", first.saturating_add(100)))
}

/// A running gateway.
pub(crate) struct Gateway {
    child: Child,
    /// Its process, for state files and for killing it in drills.
    pub(crate) process: Process,
    ports: Ports,
    log: Option<PathBuf>,
}

impl Gateway {
    /// Where it answers, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.api)
    }

    /// Where Prometheus reads.
    pub(crate) fn metrics_url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.ports.metrics)
    }

    /// Waits until it says that it is ready; fails with its last words if it ends instead.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        let url = format!("{}/ready", self.url());
        let deadline = Instant::now() + START;
        let mut answer = "nothing".to_owned();
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended before it was ready ({status}){}", self.last_words());
            }
            match client.get(&url).send().await {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => answer = format!("{}: {}", response.status(), response.text().await?),
                Err(error) if error.is_connect() => {}
                Err(error) => answer = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the gateway is not ready after {} s; it answers {answer}{}", START.as_secs(), self.last_words())
    }

    /// Waits until it ends without being asked to, and says why.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        match self.exited().await {
            Ok(status) => anyhow::anyhow!(self.obituary(status)),
            Err(error) => error,
        }
    }

    /// Waits until it ends, and says how.
    pub(crate) async fn exited(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// What to say of one that has ended when it should not have.
    pub(crate) fn obituary(&self, status: ExitStatus) -> String {
        format!("the gateway ended by itself ({status}){}", self.last_words())
    }

    /// Lets it finish what it has begun, then ends it; at once if somebody loses patience.
    pub(crate) async fn stop(mut self, interrupt: &Interrupt) -> Result<()> {
        self.process.signal(Signal::TERM)?;
        tokio::select! {
            _ = self.child.wait() => {}
            () = tokio::time::sleep(DRAIN) => self.kill().await?,
            () = interrupt.insisted() => self.kill().await?,
        }
        Ok(())
    }

    /// Kills it, as a power cut would.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    fn last_words(&self) -> String {
        match &self.log {
            Some(log) => format!("; its last words, from {}:\n{}", log.display(), record::tail(log)),
            None => String::new(),
        }
    }
}
