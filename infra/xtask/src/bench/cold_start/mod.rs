//! `cargo xtask bench cold-start`: what each Lambda function does from the start of its process to its first request for
//! an event, in instructions and milliseconds, beside a function that does nothing (`infra/bench/empty`).
//!
//! Connections are not opened before that point, so none can be: Postgres and Redis are named by addresses where nothing
//! listens. The event has a path that no route has, so its answer, a 404, has passed everything but a handler.

pub(super) mod function;
pub(super) mod programs;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use self::function::{Measured, measure};
use crate::stack::interrupt::Interrupt;

/// Which functions, and how.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Functions by name, separated by commas; all without this.
    #[arg(long, value_delimiter = ',')]
    bins: Vec<String>,
    /// Starts to time each of them.
    #[arg(long, default_value_t = 11)]
    starts: u32,
    /// A Cargo profile to build them with; the yardstick is always built with its own `release`.
    #[arg(long, default_value = "release")]
    profile: String,
}

/// Instructions to the first request for an event: at most this much of the empty function's, in per cent.
const INSTRUCTIONS_PER_CENT: u64 = 150;
/// Size of a function: at most so many times the empty one's.
const SIZE: u64 = 3;
/// The same with the content of the game or an AWS SDK in it.
const LARGE_SIZE: u64 = 5;

/// A program to be measured.
pub(super) struct Program {
    name: String,
    pub(super) path: PathBuf,
    is_job: bool,
    /// Whether it holds the game's content or an AWS SDK.
    is_large: bool,
}

/// Builds and measures; prints a table and, on the last line, the worst figures.
///
/// # Errors
/// When something does not build or start, and when a bound is broken.
pub(crate) fn run(args: &Args, checkout: &Path) -> Result<()> {
    let empty = programs::empty(checkout)?;
    let functions = programs::functions(checkout, &args.profile, &args.bins)?;
    ensure!(!functions.is_empty(), "no function has such a name");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(all(args, &empty, &functions))
}

#[expect(clippy::print_stdout, reason = "the bench's figures")]
async fn all(args: &Args, empty: &Program, functions: &[Program]) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    println!(
        "| function | instructions to next | × empty | next, ms | first answer, ms | tenth, ms | resident, MB | size, MB | × empty |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let yardstick = measure(empty, args.starts).await?;
    println!("{}", row(empty, &yardstick, &yardstick));
    let (mut instructions, mut size, mut broken) = (0, 0, Vec::new());
    for function in functions {
        interrupt.check()?;
        let measured = measure(function, args.starts).await?;
        println!("{}", row(function, &measured, &yardstick));
        let times = if function.is_large { LARGE_SIZE } else { SIZE };
        if measured.instructions * 100 > yardstick.instructions * INSTRUCTIONS_PER_CENT {
            broken.push(format!("{}: instructions", function.name));
        }
        if measured.bytes > yardstick.bytes * times {
            broken.push(format!("{}: size", function.name));
        }
        instructions = instructions.max(measured.instructions);
        size = size.max(measured.bytes);
    }
    println!(
        "functions={} starts={} empty_instructions={} worst_instructions={instructions} worst_instructions_ratio={} \
         empty_bytes={} worst_bytes={size} broken={}",
        functions.len(),
        args.starts,
        yardstick.instructions,
        ratio(instructions, yardstick.instructions),
        yardstick.bytes,
        broken.len(),
    );
    ensure!(broken.is_empty(), "over the bound: {}", broken.join(", "));
    Ok(())
}

fn row(program: &Program, measured: &Measured, yardstick: &Measured) -> String {
    format!(
        "| {}{} | {} | {} | {} | {} | {} | {} | {} | {} |",
        program.name,
        if program.is_large { " (c)" } else { "" },
        measured.instructions,
        ratio(measured.instructions, yardstick.instructions),
        hundredths(measured.next_us / 10),
        hundredths(measured.first_us / 10),
        hundredths(measured.tenth_us / 10),
        hundredths(measured.resident_kib * 100 / 1024),
        hundredths(measured.bytes / 10_000),
        ratio(measured.bytes, yardstick.bytes),
    )
}

fn ratio(of: u64, to: u64) -> String {
    hundredths(of * 100 / to.max(1))
}

/// A number of hundredths as a decimal.
fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}
