//! The private Redis (or Valkey) server of a profile: a cache, so nothing of it is ever written to disk.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::dirs::{Dirs, ServerUser};
use super::find::Wanted;
use super::{free_port, random_password};
use crate::process::{Process, Signal};
use crate::record;

pub(super) const REDIS: Wanted = Wanted {
    name: "Redis",
    programs: &[&["redis-server"], &["valkey-server"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/*/bin"],
    apt: "redis-server",
    brew: "redis",
    advice: "Install Redis 7 or Valkey so that redis-server or valkey-server is on PATH, or set REDIS_URL.",
};

/// How long a start may take. A start takes some 20 ms; the rest is for a machine under load.
const START: Duration = Duration::from_secs(30);

/// A running Redis server.
#[derive(Clone, Debug)]
pub struct Redis {
    /// `redis://…` with its password; free to use by whoever holds it.
    pub url: String,
    /// Whether it is the checkout's own, not one that `REDIS_URL` names.
    pub private: bool,
}

/// What the state file remembers.
#[derive(Serialize, Deserialize)]
struct Running {
    process: Process,
    url: String,
}

/// The server that is running, or a new one.
pub(super) fn start(dirs: &Dirs) -> Result<Redis> {
    let state = state_file(dirs);
    if let Some(running) = record::read::<Running>(&state)
        && running.process.is_alive()
    {
        return Ok(Redis { url: running.url, private: true });
    }
    let program = REDIS.obtain()?;
    let user = ServerUser::choose()?;
    for _ in 0..5 {
        if let Some(running) = try_start(dirs, &program, &user, free_port()?, &random_password()?)? {
            return Ok(Redis { url: running.url, private: true });
        }
    }
    bail!("Redis does not start:\n{}", record::tail(&log_file(dirs)))
}

/// Stops the running server and starts it again under the same URL. It remembers nothing.
pub(super) fn restart(dirs: &Dirs) -> Result<()> {
    let running = record::read::<Running>(&state_file(dirs)).context("no Redis runs here")?;
    let place =
        running.url.strip_prefix("redis://:").and_then(|rest| rest.strip_suffix("/0")?.split_once("@127.0.0.1:"));
    let (password, port) = place.context("the state file does not say where Redis runs")?;
    let (program, user) = (REDIS.obtain()?, ServerUser::choose()?);
    running.process.stop(Signal::TERM, Duration::from_secs(5))?;
    for _ in 0..5 {
        if try_start(dirs, &program, &user, port.parse()?, password)?.is_some() {
            return Ok(());
        }
    }
    bail!("Redis does not start again:\n{}", record::tail(&log_file(dirs)))
}

/// Stops the running server and remembers where it was.
pub(super) fn halt(dirs: &Dirs) -> Result<()> {
    let running = record::read::<Running>(&state_file(dirs)).context("no Redis runs here")?;
    Ok(running.process.stop(Signal::TERM, Duration::from_secs(5))?)
}

/// Stops the server if it is running.
pub(super) fn stop(dirs: &Dirs) -> Result<()> {
    let state = state_file(dirs);
    if let Some(running) = record::read::<Running>(&state) {
        running.process.stop(Signal::TERM, Duration::from_secs(5))?;
    }
    record::remove(&state)
}

/// One attempt on one port; `None` if the server ended at once, most likely because somebody took the port first.
fn try_start(dirs: &Dirs, program: &Path, user: &ServerUser, port: u16, password: &str) -> Result<Option<Running>> {
    let mut starting = Starting::spawn(program, user, &log_file(dirs))?;
    let process = starting.process.clone();
    let running = Running { process, url: format!("redis://:{password}@127.0.0.1:{port}/0") };
    record::write(&state_file(dirs), &running)?;
    starting.configure(port, password, "databases 1")?;
    Ok(starting.listens(port, &log_file(dirs))?.then_some(running))
}

/// A server that was started and is not yet known to listen.
pub(super) struct Starting {
    child: Child,
    /// To be written down before the server is told what to do: a starter that is killed leaves no orphan.
    pub(super) process: Process,
}

impl Starting {
    /// A server that waits for its configuration.
    pub(super) fn spawn(program: &Path, user: &ServerUser, log: &Path) -> Result<Self> {
        let log = record::private_file(log)?;
        let mut command = user.command(program);
        command.arg("-").current_dir("/").stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
        let process = Process::find(child.id()).context("Redis ended at once")?;
        Ok(Self { child, process })
    }

    /// Tells it where to listen, and more lines of configuration. This goes through standard input, so the password
    /// is in no argument list.
    pub(super) fn configure(&mut self, port: u16, password: &str, more: &str) -> Result<()> {
        let lines = format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly no\ndaemonize no\n{more}\n"
        );
        Ok(self.child.stdin.take().context("Redis has no standard input")?.write_all(lines.as_bytes())?)
    }

    /// Waits until it listens; false if it ended instead.
    pub(super) fn listens(mut self, port: u16, log: &Path) -> Result<bool> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.process.stop(Signal::TERM, Duration::from_secs(1))?;
        bail!("Redis does not answer:\n{}", record::tail(log))
    }
}

fn state_file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("redis.json")
}

fn log_file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("redis.log")
}
