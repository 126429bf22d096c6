//! `cargo xtask <verb>`: the one front door to everything a developer, an operator or CI runs here.
//!
//! It depends on no crate of the game itself, so it builds in seconds and still runs when the game does not compile;
//! what it must know of the game (routes, OpenAPI) it asks the `gateway` binary for.

mod bench;
mod cargo;
mod check;
mod drill;
mod generate;
mod load;
mod stack;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use testkit::services::checkout_root;

/// Restart Life: set up, run, test, generate, check and measure.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Set everything up and run the game here: private PostgreSQL and Redis, migrations, the gateway. Ctrl-C stops all.
    Up(stack::UpArgs),
    /// Stop what `up` or the tests left running and remove private data directories outside the checkout.
    Down,
    /// Set everything up and run all tests. Arguments after `--` go to the test runner.
    Test(stack::TestArgs),
    /// Live a life in the terminal, over HTTP.
    Play(stack::PlayArgs),
    /// Write every file that is made from the route table.
    Gen,
    /// Fail on generated files that are not fresh, and on content, templates, alerts, dashboards, dependencies or links that
    /// are not sound.
    Check,
    /// Break something on purpose and count what was lost.
    Drill(drill::DrillArgs),
    /// Measure what a decision rests on.
    Bench(bench::BenchArgs),
    /// Let many clients ask at once, and measure what they are told and how fast.
    Load(load::LoadArgs),
}

fn main() -> ExitCode {
    match run(Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `Result` from `main`: that would print a backtrace of this program where a reason is wanted.
            stack::complain(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Up(args) => stack::up(&args),
        Verb::Down => stack::down(),
        Verb::Test(args) => stack::test(&args),
        Verb::Play(args) => stack::play(&args),
        Verb::Gen => generate::write(&checkout_root()?),
        Verb::Check => check::run(&checkout_root()?),
        Verb::Drill(args) => drill::run(&args),
        Verb::Bench(args) => bench::run(&args, &checkout_root()?),
        Verb::Load(args) => load::run(&args),
    }
}
