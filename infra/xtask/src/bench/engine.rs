//! `cargo xtask bench engine`: how fast lives are lived, what bounds it, and how large the rules are. Builds the author's tool
//! alone, in the release profile; `life pace` does the living.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::callgrind;
use crate::cargo::executable;

/// How many lives.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Lives by the clock, after as many that are not measured.
    #[arg(long, default_value_t = 20_000)]
    lives: u32,
    /// Lives under callgrind, after as many.
    #[arg(long, default_value_t = 500)]
    counted: u32,
}

/// A life of ninety years is replayed within this.
const REPLAY_US: u64 = 5_000;
/// The rules, text apart, in bytes.
const RULES_BYTES: u64 = 2_000_000;

/// Builds and measures; prints the figures on the last line.
///
/// # Errors
/// When it does not build, without valgrind, and when a replay or the rules are over their bound.
#[expect(clippy::print_stdout, reason = "the bench's figures")]
pub(crate) fn run(args: &Args, checkout: &Path) -> Result<()> {
    let life = build(checkout)?;
    let pace = said(&life, &["pace", &args.lives.to_string(), "--warm", &args.lives.to_string()])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let counted = |lives: u32| runtime.block_on(instructions(&life, lives));
    // What is worked out once is in both, so the difference is lives alone.
    let (few, many) = (counted(args.counted)?, counted(2 * args.counted)?);
    let none = counted(0)?;
    println!(
        "{} instructions_a_life={} instructions_to_start={none}",
        pace.trim(),
        many.saturating_sub(few) / u64::from(args.counted.max(1))
    );
    let (replay, rules) = (figure(&pace, "replay_us")?, figure(&pace, "rules_bytes")?);
    ensure!(replay < REPLAY_US, "a replay takes {replay} us");
    ensure!(rules <= RULES_BYTES, "the rules are {rules} bytes");
    Ok(())
}

fn build(checkout: &Path) -> Result<PathBuf> {
    let mut build = testkit::cargo::command();
    build.args(["build", "--release", "--package", "engine", "--features", "author", "--bin", "life"]);
    build.args(["--message-format", "json-render-diagnostics"]).current_dir(checkout).stdin(Stdio::null());
    let output = build.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "life does not build");
    executable(&output.stdout)
}

async fn instructions(life: &Path, lives: u32) -> Result<u64> {
    let folder = TempDir::with_prefix("restart-life-bench-")?;
    let out = folder.path().join("out");
    let mut command = callgrind::command(&out, life);
    command.args(["pace", &lives.to_string(), "--only"]).stdin(Stdio::null()).stdout(Stdio::null());
    ensure!(command.status().await.context("valgrind is needed")?.success(), "life pace failed under valgrind");
    callgrind::total(&out)
}

fn said(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = std::process::Command::new(program).args(arguments).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "life {} failed", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}

fn figure(line: &str, key: &str) -> Result<u64> {
    let value = line.split_whitespace().find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    Ok(value.with_context(|| format!("no {key} in {line}"))?.parse()?)
}
