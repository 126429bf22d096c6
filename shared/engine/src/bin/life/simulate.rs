//! `life simulate`: many lives, and what happens in them. Figures as `key=value` on the last line.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use engine::Content;

use crate::page::page;
use crate::play::Birth;
use crate::seek::unreachable;
use crate::tally::{BANDS, Tally, live_many};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many lives.
    lives: u32,
    #[command(flatten)]
    birth: Birth,
    /// Write everything counted as JSON to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write a report with charts to this file.
    #[arg(long)]
    html: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let content = Content::builtin();
    let started = Instant::now();
    let tally = live_many(content, &args.birth, args.lives)?;
    let millis = started.elapsed().as_millis().max(1);
    let unseen = tally.unseen(content);
    println!("unseen in this sample: {unseen:?}");
    // Where the sample is of one place or time, most events are out of its reach by intention.
    let everywhere = args.birth.country.is_none() && args.birth.year.is_none();
    let unreached = if everywhere { unreachable(content, &args.birth, &unseen)? } else { Vec::new() };
    println!("unreached even when sought: {unreached:?}");
    if let Some(path) = &args.json {
        fs::write(path, serde_json::to_vec_pretty(&tally)?).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &args.html {
        fs::write(path, page(content, &tally)).with_context(|| path.display().to_string())?;
    }
    report(content, &tally, unseen.len(), unreached.len(), millis);
    Ok(if tally.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tenths(part: u64, whole: u64) -> String {
    let tenths = part * 10 / whole.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn report(content: &Content, tally: &Tally, unseen: usize, unreached: usize, millis: u128) {
    let all = &content.rules().events;
    let hundred = |count: u64| tenths(count * 100, tally.lives);
    let mut rows: Vec<_> =
        all.iter().map(|event| (tally.events.get(&event.id).copied().unwrap_or(0), &event.id)).collect();
    rows.sort();
    println!("times in 100 lives, rarest first:");
    rows.iter().for_each(|(count, id)| println!("{:>8}  {id}", hundred(*count)));
    let mut again: Vec<_> = tally.repeated.iter().map(|(id, count)| (*count, id)).collect();
    again.sort();
    println!("repeats in 100 lives, most last:");
    again.iter().rev().take(20).rev().for_each(|(count, id)| println!("{:>8}  {id}", hundred(*count)));
    println!("deaths in 100 by cause:");
    tally.causes.iter().for_each(|(cause, count)| println!("{:>8}  {cause}", hundred(*count)));
    println!("deaths in percent of those the tables expect, by age from:");
    (0..BANDS.len()).for_each(|band| println!("{:>8}  {}", tally.actual_to_expected(band), BANDS[band]));
    println!("last occupations in 100 lives:");
    tally.occupations.iter().for_each(|(id, count)| println!("{:>8}  {id}", hundred(*count)));
    tally.errors.iter().take(20).for_each(|error| println!("error: {error}"));
    let events = tally.events.values().sum::<u64>();
    let repeats = tally.repeats_pmm();
    println!(
        "lives={} events={} unseen={unseen} unreached={unreached} errors={} mean_age={} infant_death_pm={} events_a_year={} decisions_a_life={} \
         repeat_pct={}.{:02} married_by_50_pct={} children_a_woman={} worth_gini_pct={} maxed_pct={} mean_score={} \
         lives_a_second={}",
        tally.lives,
        all.len(),
        tally.errors.len(),
        tenths(tally.years, tally.lives),
        tally.infant_deaths * 1000 / tally.lives.max(1),
        tenths(events, tally.years),
        tenths(tally.decisions, tally.lives),
        repeats / 100,
        repeats % 100,
        tally.married_by_fifty * 100 / tally.at_fifty.max(1),
        tenths(tally.children, tally.mothers),
        tally.gini_pct(),
        tenths(tally.maxed * 100, tally.lives),
        tenths(tally.scores, tally.lives),
        u128::from(tally.lives) * 1000 / millis,
    );
}
