//! `cargo xtask bench …`: measure what decisions rest on. What is only compared with is in packages of their own outside
//! the workspace (`infra/bench`): it must not become a dependency of the game.

mod callgrind;
mod cold_start;
mod engine;
mod telemetry;

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
    /// Count what each Lambda function does before it asks for its first event, and beside it an empty one. Takes a release
    /// build of every function, and valgrind.
    ColdStart(cold_start::Args),
    /// Count what a life costs: lives a second, instructions, a replay, memory, the size of the rules. Takes valgrind.
    Engine(engine::Args),
    /// Count what logs and metrics add to a cached read, and to a Lambda function's start. Takes valgrind.
    Telemetry(telemetry::Args),
}

/// Builds and runs it, in the release profile.
///
/// # Errors
/// When it does not build, or a bound that it knows is broken.
pub(crate) fn run(args: &BenchArgs, checkout: &Path) -> Result<()> {
    match &args.bench {
        Bench::L1 => l1(checkout),
        Bench::ColdStart(args) => cold_start::run(args, checkout),
        Bench::Engine(args) => engine::run(args, checkout),
        Bench::Telemetry(args) => telemetry::run(args, checkout),
    }
}

fn l1(checkout: &Path) -> Result<()> {
    let mut cargo = testkit::cargo::command();
    cargo.args(["run", "--quiet", "--release", "--locked", "--bin", "l1"]);
    cargo.arg("--manifest-path").arg(checkout.join("infra/bench/Cargo.toml"));
    let status = cargo.stdin(Stdio::null()).status()?;
    ensure!(status.success(), "bench l1 failed");
    Ok(())
}
