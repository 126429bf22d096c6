//! `life achievements`: how many lives reach each achievement, and for each one life that does. What it writes is checked by
//! a test, which lives those lives again, so that nobody is promised what cannot be had.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, thread};

use engine::{Content, Locale, Mode, Rarity, Seed, achieved, chosen_by_dice, simulate};

use crate::play::Birth;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many lives: anybody, anywhere, at any time, in the three modes in turn.
    lives: u32,
    /// Writes the measured shares to docs/game/achievements.md and the lives to the engine's tests.
    #[arg(long)]
    write: bool,
}

/// How often something was reached, and the first life that did.
#[derive(Debug, Clone)]
struct Reached {
    lives: u64,
    first: (u32, Birth),
}

type Tally = BTreeMap<String, Reached>;

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let content = Content::builtin();
    let tally = live_many(content, args.lives)?;
    let all = &content.rules().achievements;
    let share = |id: &str| tally.get(id).map_or(0, |reached| reached.lives * 100_000 / u64::from(args.lives));
    let unreached: Vec<&str> =
        all.iter().map(|achievement| achievement.id.as_str()).filter(|id| !tally.contains_key(*id)).collect();
    let misjudged = all.iter().filter(|achievement| achievement.rarity != Rarity::of_share(share(&achievement.id)));
    let mut wrong = 0;
    for achievement in misjudged {
        let (id, is) = (&achievement.id, Rarity::of_share(share(&achievement.id)));
        println!("{id}: {} is measured as {is} ({} in 100,000)", achievement.rarity, share(id));
        wrong += 1;
    }
    println!("unreached: {unreached:?}");
    if args.write {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::write(root.join("docs/game/achievements.md"), page(content, args.lives, share))?;
        fs::write(root.join("shared/engine/tests/it/witnesses.tsv"), witnesses(&tally)?)?;
    }
    println!("lives={} achievements={} unreached={} misjudged={wrong}", args.lives, all.len(), unreached.len());
    Ok(if unreached.is_empty() && wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn live_many(content: &'static Content, lives: u32) -> anyhow::Result<Tally> {
    let workers = u32::try_from(thread::available_parallelism().map_or(1, usize::from)).unwrap_or(1);
    let parts = thread::scope(|scope| {
        let work = |worker: u32| scope.spawn(move || live_some(content, (worker..lives).step_by(workers as usize)));
        let started: Vec<_> = (0..workers).map(work).collect();
        let joined = started.into_iter().map(|part| part.join().map_err(|_| anyhow::anyhow!("a life panicked"))?);
        joined.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let mut sum = Tally::new();
    for (id, reached) in parts.into_iter().flatten() {
        match sum.get_mut(&id) {
            None => _ = sum.insert(id, reached),
            Some(known) => {
                known.lives += reached.lives;
                if reached.first.0 < known.first.0 {
                    known.first = reached.first;
                }
            }
        }
    }
    Ok(sum)
}

fn live_some(content: &Content, numbers: impl Iterator<Item = u32>) -> anyhow::Result<Tally> {
    let mut tally = Tally::new();
    for number in numbers {
        let mode = Mode::ALL[number as usize % Mode::ALL.len()];
        let seed = Seed(u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes());
        let birth = Birth { seed, ..Birth::any(mode) };
        let spec = birth.spec(content)?;
        let birth = Birth { country: Some(spec.country.clone()), year: Some(spec.birth_year), ..birth };
        let mut known = vec![false; content.rules().achievements.len()];
        simulate(content, spec, seed, mode, chosen_by_dice, |life, _| {
            for achievement in achieved(content, life, |place, _| known[place]) {
                let place = content.rules().achievements.iter().position(|other| other.id == achievement.id);
                known[place.unwrap_or(0)] = true;
                let first = || Reached { lives: 0, first: (number, birth.clone()) };
                tally.entry(achievement.id.clone()).or_insert_with(first).lives += 1;
            }
        })?;
    }
    Ok(tally)
}

/// One line an achievement: id, seed, country, year of birth, mode.
fn witnesses(tally: &Tally) -> anyhow::Result<String> {
    let mut lines = String::new();
    for (id, Reached { first: (_, birth), .. }) in tally {
        let (country, year) = (birth.country.as_deref().unwrap_or_default(), birth.year.unwrap_or_default());
        writeln!(lines, "{id}\t{}\t{country}\t{year}\t{}", birth.seed, birth.mode)?;
    }
    Ok(lines)
}

fn page(content: &Content, lives: u32, share: impl Fn(&str) -> u64) -> String {
    let all = &content.rules().achievements;
    let mut rows: Vec<_> = all.iter().map(|achievement| (share(&achievement.id), achievement)).collect();
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let row = |(share, achievement): &(u64, &engine::Achievement)| {
        let word = |locale| content.achievement_words(locale, &achievement.id);
        let ((zh, _), (en, text)) = (word(Locale::ZhCn), word(Locale::En));
        let hidden = if achievement.hidden { "yes" } else { "" };
        format!(
            "| `{}` | {zh} | {en} | {text} | {} | {} | {} | {}.{:02} | {hidden} |\n",
            achievement.id,
            achievement.category,
            achievement.rarity,
            achievement.rarity.points(),
            share / 1000,
            share % 1000 / 10
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "# Achievements\n\n\
         Written by `cargo life achievements {lives} --write`; do not edit. Share: percent of {lives} simulated lives (anybody, anywhere, \
         at any time, the three modes in turn, choices by dice) that reach it. Common from 20 %, rare from 5 %, epic from 1 %, legendary \
         below. For each a life that reaches it stands in [`witnesses.tsv`](../../shared/engine/tests/it/witnesses.tsv), and a test lives \
         it again. How they are judged and stored: [ADR 28](../adr/0028-achievements.md).\n\n\
         | id | 名称 | title | what it takes | category | rarity | points | share, % | hidden |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}"
    )
}
