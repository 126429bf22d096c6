//! Many lives, and what is counted in them.

use std::collections::BTreeMap;
use std::thread;

use engine::{Content, EventRecord, Life, Relation, Status, chosen_by_dice, simulate};

use crate::play::Birth;

/// Age bands of the death curve: first ages.
pub(crate) const BANDS: [u16; 8] = [5, 15, 30, 45, 60, 70, 80, 90];

/// What is counted over all lives.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Tally {
    pub(crate) lives: u64,
    /// How often each event happened.
    pub(crate) events: BTreeMap<String, u64>,
    /// How often each happened again in the same life.
    pub(crate) repeated: BTreeMap<String, u64>,
    /// How often each answer was given.
    pub(crate) answers: BTreeMap<String, BTreeMap<String, u64>>,
    pub(crate) decisions: u64,
    pub(crate) years: u64,
    pub(crate) infant_deaths: u64,
    pub(crate) causes: BTreeMap<String, u64>,
    /// Deaths, and deaths the tables expect, in 100,000ths, by band.
    pub(crate) deaths: [(u64, u64); BANDS.len()],
    /// Lives that reached 50, and how many of them had ever married.
    pub(crate) at_fifty: u64,
    pub(crate) married_by_fifty: u64,
    /// Women who reached 45, and the children they had.
    pub(crate) mothers: u64,
    pub(crate) children: u64,
    /// Net worth at 50, days.
    pub(crate) worth_at_fifty: Vec<i64>,
    /// Lives with an attribute at 100 at some time.
    pub(crate) maxed: u64,
    pub(crate) scores: u64,
    pub(crate) occupations: BTreeMap<String, u64>,
    /// Lives in which something impossible happened.
    pub(crate) errors: Vec<String>,
}

/// Lives so many lives, on every core.
pub(crate) fn live_many(content: &Content, birth: &Birth, lives: u32) -> anyhow::Result<Tally> {
    let workers = u32::try_from(thread::available_parallelism().map_or(1, usize::from)).unwrap_or(1);
    // Everything is worked out from the tables once, before the clock of any worker runs.
    _ = content.expected_deaths("east_asia", 1900, 30);
    let work = |worker: u32| {
        let mut tally = Tally::default();
        live_some(content, birth, (worker..lives).step_by(workers as usize), &mut tally).map(|()| tally)
    };
    let parts = thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        let joined = started.into_iter().map(|part| part.join().map_err(|_| anyhow::anyhow!("a life panicked"))?);
        joined.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let mut sum = Tally::default();
    parts.into_iter().for_each(|part| sum.add(part));
    Ok(sum)
}

/// Lives those lives, one after the other.
pub(crate) fn live_some(
    content: &Content,
    birth: &Birth,
    numbers: impl Iterator<Item = u32>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    for number in numbers {
        let seed = birth.seed_of(number);
        let spec = Birth { seed, ..birth.clone() }.spec(content)?;
        let mut maxed = false;
        let life = simulate(content, spec, seed, birth.mode, chosen_by_dice, |life, events| {
            maxed |= content::Attribute::ALL.iter().any(|kind| life.attributes.get(*kind) == 100);
            tally.year(content, life, events);
        })?;
        tally.maxed += u64::from(maxed);
        tally.life(content, &life);
    }
    Ok(())
}

impl Tally {
    /// A year that is over.
    fn year(&mut self, content: &Content, life: &Life, events: &[EventRecord]) {
        for record in events {
            if let Some(decision) = &record.decision {
                self.decisions += 1;
                let answers = self.answers.entry(record.event_id.clone()).or_default();
                *answers.entry(decision.option_id.clone()).or_default() += 1;
            }
            match self.events.get_mut(&record.event_id) {
                Some(count) => *count += 1,
                None => _ = self.events.insert(record.event_id.clone(), 1),
            }
        }
        if let Some(band) = BANDS.partition_point(|from| *from <= life.age).checked_sub(1) {
            let (deaths, expected) = &mut self.deaths[band];
            *deaths += u64::from(life.status == Status::Dead);
            *expected += content.expected_deaths(&life.place.region, life.year, life.age);
        }
        if life.age == 50 {
            self.at_fifty += 1;
            self.married_by_fifty += u64::from(life.chronicle.weddings > 0);
            self.worth_at_fifty.push(life.economy.net_worth_days());
        }
        if life.age == 45 && life.gender == engine::Gender::Female {
            self.mothers += 1;
            self.children += life.persons.iter().filter(|person| person.relation == Relation::Child).count() as u64;
        }
        if let Some(wrong) = absurd(life) {
            self.errors.push(format!("seed {} year {}: {wrong}", life.seed, life.year));
        }
    }

    /// A life that is over.
    fn life(&mut self, content: &Content, life: &Life) {
        self.lives += 1;
        self.years += u64::from(life.age) + 1;
        self.infant_deaths += u64::from(life.age == 0);
        for (id, seen) in life.history.iter().filter(|(_, seen)| seen.count > 1) {
            *self.repeated.entry(id.clone()).or_default() += u64::from(seen.count) - 1;
        }
        if let Some(death) = &life.death {
            *self.causes.entry(death.cause.clone()).or_default() += 1;
        }
        if let Some(career) = &life.career {
            *self.occupations.entry(career.id.clone()).or_default() += 1;
        }
        self.scores += u64::from(engine::summary(content, life).score);
    }

    fn add(&mut self, other: Self) {
        let merge = |into: &mut BTreeMap<String, u64>, from: BTreeMap<String, u64>| {
            from.into_iter().for_each(|(id, count)| *into.entry(id).or_default() += count);
        };
        merge(&mut self.events, other.events);
        merge(&mut self.repeated, other.repeated);
        for (event, answers) in other.answers {
            merge(self.answers.entry(event).or_default(), answers);
        }
        merge(&mut self.causes, other.causes);
        merge(&mut self.occupations, other.occupations);
        for (into, from) in self.deaths.iter_mut().zip(other.deaths) {
            *into = (into.0 + from.0, into.1 + from.1);
        }
        self.lives += other.lives;
        self.decisions += other.decisions;
        self.years += other.years;
        self.infant_deaths += other.infant_deaths;
        self.at_fifty += other.at_fifty;
        self.married_by_fifty += other.married_by_fifty;
        self.mothers += other.mothers;
        self.children += other.children;
        self.maxed += other.maxed;
        self.scores += other.scores;
        self.worth_at_fifty.extend(other.worth_at_fifty);
        self.errors.extend(other.errors);
    }

    /// Deaths in percent of what the tables expect, in a band; 100 where nothing is expected.
    pub(crate) fn actual_to_expected(&self, band: usize) -> u64 {
        let (deaths, expected) = self.deaths[band];
        (deaths * 100 * 100_000).checked_div(expected).unwrap_or(100)
    }

    /// Events that did not happen in any of the lives.
    pub(crate) fn unseen<'c>(&self, content: &'c Content) -> Vec<&'c str> {
        let all = content.rules().events.iter().map(|event| event.id.as_str());
        all.filter(|id| !self.events.contains_key(*id)).collect()
    }

    /// Repeats in ten thousand events.
    pub(crate) fn repeats_pmm(&self) -> u64 {
        self.repeated.values().sum::<u64>() * 10_000 / self.events.values().sum::<u64>().max(1)
    }

    /// Inequality of net worth at fifty: the Gini coefficient in percent, debts counted as nothing.
    pub(crate) fn gini_pct(&self) -> i64 {
        let mut worth: Vec<i64> = self.worth_at_fifty.iter().map(|days| (*days).max(0)).collect();
        worth.sort_unstable();
        let (count, sum) = (i64::try_from(worth.len()).unwrap_or(1).max(1), worth.iter().sum::<i64>().max(1));
        let ranked: i128 = worth.iter().zip(1_i64..).map(|(days, rank)| i128::from(*days) * i128::from(rank)).sum();
        i64::try_from(ranked * 200 / (i128::from(count) * i128::from(sum))).unwrap_or(0) - 100 * (count + 1) / count
    }
}

/// What no life may ever be, whatever its dice.
fn absurd(life: &Life) -> Option<&'static str> {
    let economy = &life.economy;
    let rules = [
        (life.career.is_some() && life.age < 12, "a child with a salary"),
        (life.retired && life.career.is_some(), "retired and at work"),
        (life.spouse().is_some() && life.age < 16, "a married child"),
        (life.living(Relation::Spouse).count() > 1, "two spouses"),
        (economy.cash_days < 0 || economy.debt_days < 0, "money below nothing"),
        (economy.cash_days > 0 && economy.debt_days > 0, "cash and debt at once"),
        (life.plan.energy_left() > 10, "more energy than there is"),
        (economy.assets.iter().any(|asset| asset.worth_days <= 0), "a possession worth nothing"),
    ];
    rules.into_iter().find_map(|(wrong, what)| wrong.then_some(what))
}
