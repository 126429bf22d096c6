//! `life pace`: how fast lives are lived, and nothing else: one thread, no tally. Figures as `key=value` on the last line;
//! `cargo xtask bench engine` runs it, also under callgrind.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use engine::{Content, chosen_by_dice, simulate, verify};

use crate::play::Birth;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many lives.
    lives: u32,
    #[command(flatten)]
    birth: Birth,
    /// Replay no life afterwards.
    #[arg(long)]
    only: bool,
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
    let (age, replayed) = if args.only { (0, Duration::ZERO) } else { replay_a_long_life(content, &args.birth)? };
    println!(
        "lives={} years={years} wall_ms={} cpu_ms={} lives_a_cpu_second={} years_a_cpu_second={} replay_age={age} \
         replay_us={} peak_kib={} rules_bytes={}",
        args.lives,
        wall.as_millis(),
        second.as_millis(),
        rate(args.lives.into()),
        rate(years),
        replayed.as_micros(),
        peak_kib().unwrap_or(0),
        Content::builtin_blobs().rules.len(),
    );
    Ok(ExitCode::SUCCESS)
}

/// Lives those lives; the years lived.
fn live(content: &Content, birth: &Birth, numbers: std::ops::Range<u32>) -> anyhow::Result<u64> {
    let mut years = 0;
    for number in numbers {
        let seed = birth.seed_of(number);
        let spec = Birth { seed, ..birth.clone() }.spec(content)?;
        let life = simulate(content, spec, seed, birth.mode, chosen_by_dice, |_, _| ()).context("a life")?;
        years += u64::from(life.age);
    }
    Ok(years)
}

/// The age of the first life that lasts ninety years, and how long it takes to live it again from its log; the best of
/// several times, for others may be using the machine.
fn replay_a_long_life(content: &Content, birth: &Birth) -> anyhow::Result<(u16, Duration)> {
    for number in 0..MOST_SOUGHT {
        let birth = Birth { seed: birth.seed_of(number), ..birth.clone() };
        let lived = crate::play::live(content, &birth, chosen_by_dice, |_, _| ())?;
        if lived.life.age < LONG_LIFE {
            continue;
        }
        let mut best = Duration::MAX;
        for _ in 0..REPLAYS {
            let started = cpu();
            let wall = Instant::now();
            verify(|_| Some(content), &lived.log, &lived.life)?;
            best = best.min(cpu().zip(started).map_or(wall.elapsed(), |(now, then)| now.saturating_sub(then)));
        }
        return Ok((lived.life.age, best));
    }
    anyhow::bail!("nobody lived {LONG_LIFE} years")
}

const LONG_LIFE: u16 = 90;
const MOST_SOUGHT: u32 = 2_000;
const REPLAYS: u32 = 9;

/// The most memory this process has had, where the system says.
fn peak_kib() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Time this process has spent on a processor, where the system says.
fn cpu() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
