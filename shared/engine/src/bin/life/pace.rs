//! `life pace`: how fast lives are lived, and nothing else: one thread, no tally. Figures as `key=value` on the last line;
//! `cargo xtask bench engine` runs it, also under callgrind.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use engine::{Content, simulate};

use crate::play::{Birth, any_option};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many lives.
    lives: u32,
    #[command(flatten)]
    birth: Birth,
    /// Lives before them that are not measured: what the content's tables come to is worked out on the way.
    #[arg(long, default_value_t = 0)]
    warm: u32,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let content = Content::builtin();
    live(content, &args.birth, 0..args.warm)?;
    let (started, used) = (Instant::now(), cpu());
    let years = live(content, &args.birth, args.warm..args.warm.saturating_add(args.lives))?;
    let (wall, used) = (started.elapsed(), cpu().zip(used).map(|(now, before)| now.saturating_sub(before)));
    let second = used.unwrap_or(wall);
    let rate = |count: u64| u128::from(count) * 1_000_000_000 / second.as_nanos().max(1);
    println!(
        "lives={} years={years} wall_ms={} cpu_ms={} lives_a_cpu_second={} years_a_cpu_second={}",
        args.lives,
        wall.as_millis(),
        second.as_millis(),
        rate(args.lives.into()),
        rate(years),
    );
    Ok(ExitCode::SUCCESS)
}

/// Lives those lives; the years lived.
fn live(content: &Content, birth: &Birth, numbers: std::ops::Range<u32>) -> anyhow::Result<u64> {
    let mut years = 0;
    for number in numbers {
        let seed = birth.seed_of(number);
        let spec = Birth { seed, ..birth.clone() }.spec(content)?;
        let life = simulate(content, spec, seed, birth.mode, any_option, |_, _| ()).context("a life")?;
        years += u64::from(life.age);
    }
    Ok(years)
}

/// Time this process has spent on a processor, where the system says.
fn cpu() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
