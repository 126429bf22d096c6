//! `life simulate`: many lives, and what happens in them. Figures as `key=value` on the last line.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use engine::{Content, Seed};

use crate::play::{Birth, live};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many lives.
    lives: u32,
    #[command(flatten)]
    birth: Birth,
}

/// What is counted over all lives.
#[derive(Debug, Default)]
struct Tally {
    /// How often each event happened.
    events: BTreeMap<String, u64>,
    /// Events that had happened in the same life before.
    repeats: u64,
    decisions: u64,
    years: u64,
    infant_deaths: u64,
    causes: BTreeMap<String, u64>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let content = Content::builtin();
    let first = u128::from_be_bytes(args.birth.seed.0);
    let started = Instant::now();
    let mut tally = Tally::default();
    for number in 0..args.lives {
        let seed = Seed(first.wrapping_add(u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15)).to_be_bytes());
        let lived = live(content, &Birth { seed, ..args.birth.clone() })?;
        tally.years += u64::from(lived.life.age) + 1;
        tally.infant_deaths += u64::from(lived.life.age == 0);
        tally.repeats += lived.life.history.values().map(|seen| u64::from(seen.count) - 1).sum::<u64>();
        for record in lived.events {
            tally.decisions += u64::from(record.decision.is_some());
            *tally.events.entry(record.event_id).or_default() += 1;
        }
        if let Some(death) = lived.life.death {
            *tally.causes.entry(death.cause).or_default() += 1;
        }
    }
    let millis = started.elapsed().as_millis().max(1);
    report(content, args.lives, &tally, millis);
    Ok(ExitCode::SUCCESS)
}

fn report(content: &Content, lives: u32, tally: &Tally, millis: u128) {
    let all = &content.rules().events;
    let mut rows: Vec<_> =
        all.iter().map(|event| (tally.events.get(&event.id).copied().unwrap_or(0), &event.id)).collect();
    rows.sort();
    println!("times in 100 lives, rarest first:");
    let hundred = |count: u64| count * 100 / u64::from(lives.max(1));
    rows.iter().for_each(|(count, id)| println!("{:>6}  {id}", hundred(*count)));
    println!(
        "deaths in 100 by cause: {:?}",
        tally.causes.iter().map(|(cause, count)| (cause, hundred(*count))).collect::<Vec<_>>()
    );
    let (events, fired) = (tally.events.values().sum::<u64>(), tally.events.len());
    let tenths = |part: u64, whole: u64| {
        let tenths = part * 10 / whole.max(1);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    println!(
        "lives={lives} events={} fired={fired} coverage_pct={} mean_age={} infant_death_pm={} events_a_year={} \
         decisions_a_life={} repeat_pct={} lives_a_second={}",
        all.len(),
        fired * 100 / all.len().max(1),
        tenths(tally.years, lives.into()),
        tally.infant_deaths * 1000 / u64::from(lives.max(1)),
        tenths(events, tally.years),
        tenths(tally.decisions, lives.into()),
        tenths(tally.repeats * 100, events),
        u128::from(lives) * 1000 / millis,
    );
}
