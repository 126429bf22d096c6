//! `cargo xtask bench …`: measure what decisions rest on. The measuring programs are a package of their own outside the
//! workspace (`infra/bench`): what they compare must not become a dependency of the game.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Result, ensure};

/// Which measurement.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(clap::Subcommand)]
enum Bench {
    /// Compare caches for use inside a process: hit ratio, memory, speed; and ways to compress a life.
    L1,
}

/// Builds and runs it, in the release profile.
///
/// # Errors
/// When it does not build, or a bound that it knows is broken.
pub(crate) fn run(args: &BenchArgs, checkout: &Path) -> Result<()> {
    let program = match args.bench {
        Bench::L1 => "l1",
    };
    let mut cargo = testkit::cargo::command();
    cargo.args(["run", "--quiet", "--release", "--locked", "--bin", program]);
    cargo.arg("--manifest-path").arg(checkout.join("infra/bench/Cargo.toml"));
    let status = cargo.stdin(Stdio::null()).status()?;
    ensure!(status.success(), "bench {program} failed");
    Ok(())
}
