//! Ctrl-C and its kin, as something to wait for: whoever is asked to stop must first stop what it started.

use std::pin::pin;
use std::process::Output;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use testkit::process::{Process, Signal};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Says when this process was asked to stop, by Ctrl-C, by SIGTERM or by its terminal going away.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<watch::Sender<u32>>);

impl Interrupt {
    /// Takes over the signals; from here on they end nothing by themselves.
    pub(crate) fn listen() -> Result<Self> {
        let interrupt = Self(Arc::new(watch::Sender::new(0)));
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let mut signals = signal(kind)?;
            let times = Arc::clone(&interrupt.0);
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    times.send_modify(|times| *times += 1);
                }
            });
        }
        Ok(interrupt)
    }

    /// Fails if this process was asked to stop; between two steps that cannot be cut short.
    pub(crate) fn check(&self) -> Result<()> {
        if *self.0.borrow() > 0 {
            bail!("interrupted");
        }
        Ok(())
    }

    /// Waits until this process has been asked to stop.
    pub(crate) async fn requested(&self) {
        self.times(1).await;
    }

    /// Waits until it has been asked to stop twice: somebody has lost patience.
    pub(crate) async fn insisted(&self) {
        self.times(2).await;
    }

    async fn times(&self, wanted: u32) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|times| *times >= wanted).await;
    }

    /// Runs a command to its end in a process group of its own, which is told to stop when this process is.
    pub(crate) async fn run(&self, command: &mut Command) -> Result<Output> {
        self.check()?;
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().with_context(|| format!("cannot run {name}"))?;
        let process = child.id().and_then(Process::find);
        let mut output = pin!(child.wait_with_output());
        tokio::select! {
            output = &mut output => Ok(output?),
            () = self.requested() => {
                if let Some(process) = process {
                    process.signal_group(Signal::TERM)?;
                }
                output.await?;
                bail!("interrupted")
            }
        }
    }
}
