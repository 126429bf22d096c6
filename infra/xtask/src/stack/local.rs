//! The one stack of a checkout that a person uses: claimed by whoever runs it, remembered in `.local/up.json`.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use testkit::process::{Process, Signal};
use testkit::record;
use testkit::services::{Profile, Services};

use super::gateway::{Build, Gateway, Log, Ports, Program};
use super::interrupt::Interrupt;
use super::terminal::{self, say};

/// What `.local/up.json` says about the stack that runs, or ran until somebody killed it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Running {
    /// The `cargo xtask` that watches over it.
    pub(crate) supervisor: Process,
    /// The gateway itself.
    pub(crate) gateway: Process,
    /// Where the gateway answers.
    pub(crate) url: String,
}

impl Running {
    /// The stack that this checkout's state file speaks of, whether or not it still runs.
    pub(crate) fn find(services: &Services) -> Option<Self> {
        record::read(&state_file(services))
    }

    /// Forgets it.
    pub(crate) fn forget(services: &Services) -> Result<()> {
        record::remove(&state_file(services))
    }
}

/// How much to tell while starting.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Every step.
    Aloud,
    /// Nothing but what cargo says, and what goes wrong.
    Quiet,
}

/// The right to run this checkout's stack; held by one process at a time.
pub(crate) struct Claim {
    services: Services,
    _lock: File,
}

impl Claim {
    /// Takes the right, and ends what its last holder left running if that was killed.
    pub(crate) fn take() -> Result<Self> {
        let services = Services::of_this_checkout()?;
        fs::create_dir_all(services.local_dir())?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(services.local_dir().join("up.lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("{}", already_runs(Running::find(&services))),
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock .local/up.lock"),
        }
        if let Some(left) = Running::find(&services) {
            left.gateway.stop(Signal::TERM, Duration::from_secs(30))?;
            Running::forget(&services)?;
        }
        Ok(Self { services, _lock: lock })
    }

    /// Starts the whole stack. What it has started when it fails or is interrupted, [`Claim::release`] stops.
    pub(crate) async fn start(&self, options: &Options, interrupt: &Interrupt) -> Result<Gateway> {
        let step = |name: &str, since: Instant, what: &str| {
            if options.voice == Voice::Aloud {
                terminal::step(name, format_args!("{what} ({:.1} s)", since.elapsed().as_secs_f32()));
            }
        };
        let since = Instant::now();
        let postgres = blocking(&self.services, |services| services.postgres(Profile::Local)).await?;
        step("PostgreSQL", since, whose(postgres.private));
        interrupt.check()?;

        let since = Instant::now();
        let redis_url = match blocking(&self.services, |services| services.redis(Profile::Local)).await {
            Ok(redis) => {
                step("Redis", since, whose(redis.private));
                redis.url
            }
            Err(error) => {
                say(format_args!("  Going on without Redis, which the game can do without: {error:#}"));
                String::new()
            }
        };
        interrupt.check()?;

        let since = Instant::now();
        if options.voice == Voice::Aloud {
            say("  Building the gateway; the first time this takes some minutes.");
        }
        let program = Program::build(if options.release { Build::Release } else { Build::Debug }, interrupt).await?;
        step("gateway", since, "built");

        let since = Instant::now();
        let local = self.services.local_dir();
        let program = program
            .with([("DATABASE_URL", postgres.admin_url.as_str()), ("REDIS_URL", &redis_url)])
            .with_keys(&local.join("keys.env"))
            .await?;
        program.migrate().await?;
        step("database", since, "migrated");
        interrupt.check()?;

        let since = Instant::now();
        let log = if options.log_to_terminal { Log::Terminal } else { Log::File(log_file(&local)) };
        record::remove(&log_file(&local))?;
        let mut gateway = program.serve(Ports::usual()?, log)?;
        let running = Running { supervisor: Process::current()?, gateway: gateway.process.clone(), url: gateway.url() };
        record::write(&state_file(&self.services), &running)?;
        tokio::select! {
            ready = gateway.ready() => ready?,
            () = interrupt.requested() => bail!("interrupted"),
        }
        step("gateway", since, &format!("ready on {}", gateway.url()));
        Ok(gateway)
    }

    /// Stops the servers and gives the right back. The gateway, if it ran, has been stopped before.
    pub(crate) async fn release(self) -> Result<()> {
        let stopped = blocking(&self.services, |services| services.stop(Profile::Local)).await;
        Running::forget(&self.services)?;
        stopped
    }

    /// Where the gateway's log goes unless it goes to the terminal.
    pub(crate) fn log_file(&self) -> PathBuf {
        log_file(&self.services.local_dir())
    }
}

/// How to start.
pub(crate) struct Options {
    /// Build with optimisations.
    pub(crate) release: bool,
    /// Show the gateway's log instead of keeping it in a file.
    pub(crate) log_to_terminal: bool,
    /// How much to tell.
    pub(crate) voice: Voice,
}

/// Runs blocking work on the services. It is never cut short: what it starts must be known before it can be stopped.
async fn blocking<T: Send + 'static>(
    services: &Services,
    work: impl FnOnce(&Services) -> Result<T> + Send + 'static,
) -> Result<T> {
    let services = services.clone();
    tokio::task::spawn_blocking(move || work(&services)).await?
}

fn whose(private: bool) -> &'static str {
    if private { "private server of this checkout" } else { "the server that the environment names" }
}

fn already_runs(running: Option<Running>) -> String {
    match running {
        Some(Running { supervisor, url, .. }) => format!(
            "the stack of this checkout already runs: {url} (process {}).\n\
             Stop it with Ctrl-C where it runs, or with `cargo xtask down`",
            supervisor.pid
        ),
        None => "the stack of this checkout is just being started by another process".to_owned(),
    }
}

fn state_file(services: &Services) -> PathBuf {
    services.local_dir().join("up.json")
}

fn log_file(local: &Path) -> PathBuf {
    local.join("gateway.log")
}
