//! `life`, the author's tool: is the content right, what does it come to, why did that happen, how does it read.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod achievements;
mod balance;
mod explain;
mod lint;
mod pace;
mod page;
mod play;
mod preview;
mod read;
mod seek;
mod simulate;
mod tally;
mod why_not;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The author's tool of Restart Life.
#[derive(Debug, Parser)]
#[command(name = "life", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the content: every finding with its file and line.
    Lint(lint::Args),
    /// Live many lives and count what happens in them.
    Simulate(simulate::Args),
    /// Measure how fast lives are lived.
    Pace(pace::Args),
    /// Count how many lives reach each achievement; fail if one is never reached, or is rarer or commoner than it says.
    Achievements(achievements::Args),
    /// Compare many lives with the targets of the design; fail if one is missed.
    Balance(balance::Args),
    /// Live one life and tell it, year by year, in both languages or one.
    Read(read::Args),
    /// Say why an event of a life was drawn, and what its odds are made of.
    Explain(explain::Args),
    /// Say what kept an event out of a life.
    WhyNot(why_not::Args),
    /// Show an event as its readers will see it, in every language.
    Preview(preview::Args),
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Lint(args) => lint::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Pace(args) => pace::run(&args),
        Command::Achievements(args) => achievements::run(&args),
        Command::Balance(args) => balance::run(&args),
        Command::Read(args) => read::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::WhyNot(args) => why_not::run(&args),
        Command::Preview(args) => preview::run(&args),
    }
}
