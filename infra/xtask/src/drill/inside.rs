//! Drills that need the application in their own process, with a clock they can set and dice that always fall the same.
//! They are programs of the `gateway` package; this builds and runs them.

use std::process::Stdio;

use anyhow::{Result, ensure};
use testkit::services::checkout_root;

use crate::cargo;

/// How much to freeze.
#[derive(clap::Args)]
pub(crate) struct ThawArgs {
    /// How often to freeze each container.
    #[arg(long, default_value_t = 5)]
    freezes: u32,
    /// Requests after each thaw.
    #[arg(long, default_value_t = 40)]
    requests: u32,
}

/// How far to grow.
#[derive(clap::Args)]
pub(crate) struct GrowthArgs {
    /// Up to ten million events instead of one million: some 7 GB of disk, and minutes.
    #[arg(long)]
    long: bool,
}

/// How full the database is that is migrated.
#[derive(clap::Args)]
pub(crate) struct MigrateArgs {
    /// A million accounts instead of fifty thousand.
    #[arg(long)]
    long: bool,
}

/// Runs the thaw drill.
pub(crate) fn thaw(args: &ThawArgs) -> Result<()> {
    run("thaw", &["--freezes", &args.freezes.to_string(), "--requests", &args.requests.to_string()])
}

/// Runs the growth drill.
pub(crate) fn growth(args: &GrowthArgs) -> Result<()> {
    run("growth", &["--events", if args.long { "100000,1000000,10000000" } else { "100000,1000000" }])
}

/// Runs the migrate drill. The program of this release lies beside it.
pub(crate) fn migrate(args: &MigrateArgs) -> Result<()> {
    cargo::build(&checkout_root()?, "gateway", &[])?;
    run("migrate", &["--accounts", if args.long { "1000000" } else { "50000" }])
}

fn run(example: &str, arguments: &[&str]) -> Result<()> {
    let checkout = checkout_root()?;
    let mut build = testkit::cargo::command();
    build.args(["build", "--workspace", "--example", example, "--message-format", "json-render-diagnostics"]);
    let built = build.current_dir(&checkout).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(built.status.success(), "the drill does not build");
    let program = cargo::executable(&built.stdout)?;
    // In the checkout, where it finds a place for its servers.
    let status = std::process::Command::new(program).args(arguments).current_dir(checkout).status()?;
    ensure!(status.success(), "the drill failed");
    Ok(())
}
