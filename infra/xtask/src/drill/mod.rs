//! `cargo xtask drill …`: break something on purpose and count what was lost.
//!
//! Every drill starts what it needs, ends it again, and prints its figures as `key=value` on its last line. It fails
//! when anything was lost, and also when it did less than it should have: a drill that did nothing proves nothing.

mod alerts;
mod coherence;
mod crash;
mod dice;
mod history;
mod inside;
mod keys;
mod ledger;
mod restore;
mod rolling;
mod traffic;
mod wire;

use anyhow::{Result, bail};
use testkit::services::{Profile, Services, checkout_root};

use crate::stack::interrupt::Interrupt;

/// Which drill.
#[derive(clap::Args)]
pub(crate) struct DrillArgs {
    #[command(subcommand)]
    drill: Drill,
}

#[derive(clap::Subcommand)]
enum Drill {
    /// Kill the gateway with SIGKILL while many players advance; nothing acknowledged may be lost, nothing doubled.
    Crash(crash::CrashArgs),
    /// Break everything that caches rely on while many clients read and write; no read may be older than an acknowledged
    /// write.
    Coherence(coherence::CoherenceArgs),
    /// Freeze a warm process for an hour, its sockets half-open; no request may fail, nothing may reconnect twice.
    Thaw(inside::ThawArgs),
    /// Replace the key that signs access tokens, container by container, while players go on playing; none may be
    /// refused.
    Keys(keys::KeysArgs),
    /// Break one thing at a time beside a real Prometheus and Alertmanager; the right alert must reach the right people, end
    /// when it is mended, and the log and a panel must name the cause.
    Alerts,
    /// Replace the gateways behind a proxy one after the other, with Redis and without; no request may fail, no read may be
    /// stale.
    Rolling(rolling::RollingArgs),
    /// Back up while players play, destroy the database, restore it; nothing that was acknowledged before may be missing, and
    /// every life must come out of its log.
    Restore(restore::RestoreArgs),
    /// Run this release's migrations while the release before serves, let both serve, and rehearse a contraction; no request
    /// may fail.
    Migrate(inside::MigrateArgs),
    /// Fill the tables with other people's lives; no statement may get another plan or touch more buffers.
    Growth(inside::GrowthArgs),
}

pub(crate) fn run(args: &DrillArgs) -> Result<()> {
    match &args.drill {
        Drill::Crash(args) => crash::run(args),
        Drill::Coherence(args) => coherence::run(args),
        Drill::Thaw(args) => inside::thaw(args),
        Drill::Keys(args) => keys::run(args),
        Drill::Alerts => alerts::run(),
        Drill::Rolling(args) => rolling::run(args),
        Drill::Restore(args) => restore::run(args),
        Drill::Migrate(args) => inside::migrate(args),
        Drill::Growth(args) => inside::growth(args),
    }
}

/// Runs a drill with servers of its own, never with one that the environment names: what is broken must be nobody else's.
/// They are stopped again, however it ends.
fn on_own_servers(drill: impl AsyncFnOnce(&Services, &Interrupt) -> Result<()>) -> Result<()> {
    crate::stack::block_on(async {
        let interrupt = Interrupt::listen()?;
        let services = Services::at(checkout_root()?)?;
        let outcome = drill(&services, &interrupt).await;
        let stopped = tokio::task::spawn_blocking(move || services.stop(Profile::Drill)).await?;
        outcome.and(stopped)
    })
}

/// As [`on_own_servers`], for a drill that leaves nothing behind wherever it is cut off.
fn until_interrupted(drill: impl AsyncFnOnce(&Services, &Interrupt) -> Result<()>) -> Result<()> {
    on_own_servers(async |services, interrupt| {
        tokio::select! {
            outcome = drill(services, interrupt) => outcome,
            () = interrupt.requested() => bail!("interrupted"),
        }
    })
}
