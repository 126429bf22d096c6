//! `life why-not`: what kept an event out of one life, year by year: how often each obstacle stood in its way, and the years
//! that came closest.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::ensure;
use engine::{Content, Obstacle, chosen_by_dice, obstacles};

use crate::play::{Birth, live};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event's id.
    event: String,
    #[command(flatten)]
    birth: Birth,
}

/// How many of the closest years are shown.
const CLOSEST: usize = 5;

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let content = Content::builtin();
    ensure!(content.event_def(&args.event).is_some(), "there is no event {}", args.event);
    let mut years: Vec<(u16, u16, Vec<Obstacle>)> = Vec::new();
    let lived = live(content, &args.birth, chosen_by_dice, |life, _| {
        years.extend(obstacles(content, life, &args.event).map(|found| (life.age, life.year, found)));
    })?;
    let mut often: BTreeMap<&str, usize> = BTreeMap::new();
    let all = years.iter().flat_map(|(_, _, found)| found);
    all.for_each(|obstacle| *often.entry(obstacle.what.as_str()).or_default() += 1);
    println!("years each obstacle stood in the way, as the life was at the end of the year:");
    often.iter().for_each(|(what, count)| println!("{count:>6}  {what}"));
    let free = years.iter().filter(|(_, _, found)| found.is_empty()).count();
    years.sort_by_key(|(_, _, found)| found.len());
    println!("the closest years:");
    for (age, year, found) in years.iter().take(CLOSEST) {
        let found: Vec<String> = found.iter().map(told).collect();
        println!(
            "  age {age}, {year}: {}",
            if found.is_empty() { "only the dice".to_owned() } else { found.join("; ") }
        );
    }
    let happened = lived.events.iter().filter(|record| record.event_id == args.event).count();
    println!("event={} years={} open_years={free} happened={happened}", args.event, years.len());
    Ok(ExitCode::SUCCESS)
}

fn told(obstacle: &Obstacle) -> String {
    match obstacle.has {
        Some(has) => format!("{} (is {has})", obstacle.what),
        None => obstacle.what.clone(),
    }
}
