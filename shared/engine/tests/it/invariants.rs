//! What no life may ever do, whatever its spec, seed, mode and answers.

use std::collections::BTreeMap;

use engine::{
    Content, DecisionId, InputError, LifeSpec, Mode, Mortality, OnPending, Seed, Status, YearInput, advance, decide,
    start,
};
use proptest::prelude::*;

use crate::play::{Lived, live};

const MAX_AGE: u16 = 120;

fn any_spec() -> impl Strategy<Value = LifeSpec> {
    let countries: Vec<_> = Content::builtin().countries().iter().filter(|country| country.valid.is_none()).collect();
    let filters =
        prop::collection::vec(prop::sample::select(vec!["death", "injury", "war", "illness", "hunger"]), 0..3);
    (prop::sample::select(countries), 1800..=2050_u16, any::<bool>(), filters).prop_map(
        |(country, birth_year, gentle, filter)| LifeSpec {
            name: "Lin".to_owned(),
            country: country.code.clone(),
            birth_year,
            gender: None,
            ethnicity: None,
            mortality: if gentle { Mortality::Gentle } else { Mortality::Realistic },
            ranked: true,
            content_filter: filter.into_iter().map(str::to_owned).collect(),
        },
    )
}

fn any_life() -> impl Strategy<Value = Lived> {
    let answers = prop::collection::vec(0..4_usize, 1..8);
    (any_spec(), any::<[u8; 16]>(), prop::sample::select(Mode::ALL), answers).prop_map(|(spec, seed, mode, answers)| {
        let mut answers = answers.into_iter().cycle();
        live(Content::builtin(), spec, Seed(seed), mode, move |_, _| answers.next().unwrap_or(0))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_life_keeps_the_rules(lived in any_life()) {
        ends(&lived);
        scores_stay_in_bounds(&lived);
        one_thing_at_a_time(&lived);
        cooldowns_hold(&lived);
        the_dead_rest(&lived);
        filters_hold(&lived);
        seqs_count_up(&lived);
        money_is_conserved(&lived);
        nobody_works_or_weds_too_young(&lived);
        the_year_is_told_as_it_was(&lived);
    }
}

/// Whatever changed what is owned less what is owed stands in the year's ledger, to the day.
fn money_is_conserved(lived: &Lived) {
    let worth = |life: &engine::Life| life.economy.net_worth_days();
    let ledger = |life: &engine::Life| life.economy.ledger.iter().map(|posting| posting.days).sum::<i64>();
    for pair in lived.steps.windows(2) {
        let (before, after) = (&pair[0].life, &pair[1].life);
        // The books are opened anew each year; a decision goes on in the same year's.
        let opened = if after.year > before.year { 0 } else { ledger(before) };
        assert_eq!(worth(after) - worth(before), ledger(after) - opened, "{} in {}", after.seed, after.year);
        assert!(after.economy.cash_days == 0 || after.economy.debt_days == 0, "cash beside debt");
    }
}

fn nobody_works_or_weds_too_young(lived: &Lived) {
    for step in &lived.steps {
        let life = &step.life;
        assert!(life.career.is_none() || life.age >= 12, "a child with a salary in {}", life.year);
        assert!(life.spouse().is_none() || life.age >= 18, "a married child in {}", life.year);
        assert!(!(life.retired && life.career.is_some()));
        if let Some(career) = &life.career {
            let occupation = Content::builtin().occupation(&career.id).unwrap();
            assert!(occupation.years.0 <= life.year, "{} in {}", career.id, life.year);
            assert!(career.rank <= occupation.ranks);
        }
    }
}

/// What the year's news say has left its mark in the state or in the changes.
fn the_year_is_told_as_it_was(lived: &Lived) {
    for step in lived.steps.iter().filter(|step| step.life.news.contains(&engine::News::Promoted)) {
        assert!(step.life.chronicle.best_rank >= 1);
    }
    let kept = &lived.life.chronicle;
    assert!(kept.years_worked <= lived.life.age && kept.years_married <= lived.life.age);
    let summary = engine::summary(Content::builtin(), &lived.life);
    assert!(summary.score <= 100 && summary.categories.len() == 6);
    for graded in &summary.categories {
        let sum: i32 = graded.reasons.iter().map(|reason| reason.points).sum();
        assert_eq!(i32::from(graded.score), sum.clamp(0, 100), "{:?}", graded.category);
    }
}

fn ends(lived: &Lived) {
    let life = &lived.life;
    let death = life.death.as_ref().unwrap();
    assert_eq!((life.status, death.age, death.year), (Status::Dead, life.age, life.year));
    assert!(death.age <= MAX_AGE);
    assert_eq!(life.year, life.spec.birth_year + life.age);
    if life.spec.mortality == Mortality::Gentle {
        assert!(death.age >= 5, "the gentle live to five");
    }
    let content = Content::builtin();
    let year = YearInput { mode: Mode::Steady, on_pending: OnPending::Default };
    assert_eq!(advance(content, life, year).unwrap_err(), InputError::LifeEnded);
    assert_eq!(start(content, life).unwrap_err(), InputError::AlreadyStarted);
    assert_eq!(decide(content, life, DecisionId(1), "x", false).unwrap_err(), InputError::LifeEnded);
}

fn scores_stay_in_bounds(lived: &Lived) {
    for step in &lived.steps {
        let life = serde_json::to_value(&step.life).unwrap();
        for group in ["attributes", "skills", "aptitudes", "traits"] {
            assert!(life[group].as_object().unwrap().values().all(|score| score.as_u64().unwrap() <= 100));
        }
        for score in
            [&life["happiness"], &life["health"]["physical"], &life["health"]["stress"], &life["family"]["wealth"]]
        {
            assert!(score.as_u64().unwrap() <= 100);
        }
        assert!(step.life.economy.cash_days >= 0 && step.life.economy.debt_days >= 0);
        assert!(step.life.plan.energy_left() <= engine::Plan::ENERGY);
        assert!(step.life.persons.iter().zip(0..).all(|(person, place)| person.id.0 == place && person.trust <= 100));
    }
}

fn one_thing_at_a_time(lived: &Lived) {
    for step in &lived.steps {
        assert_eq!(step.raised, step.life.pending);
        assert_eq!(step.year_complete, step.life.pending.is_none());
        assert_eq!(step.life.progress.is_some(), step.life.pending.is_some());
        if let Some(pending) = &step.raised {
            assert!(
                pending.options.iter().any(|option| option.option_id == pending.default_option && option.available)
            );
            let sums = pending.options.iter().filter_map(|option| option.odds);
            assert!(sums.into_iter().all(|odds| odds.success + odds.partial + odds.fail == 100));
        }
    }
}

fn cooldowns_hold(lived: &Lived) {
    let mut last: BTreeMap<&str, (u16, u16)> = BTreeMap::new();
    for record in lived.steps.iter().flat_map(|step| &step.events) {
        let limits = &Content::builtin().event_def(&record.event_id).unwrap().limits;
        let (count, year) = last.get(record.event_id.as_str()).copied().unwrap_or_default();
        assert!(count == 0 || record.year - year >= limits.cooldown_years, "{} again after {year}", record.event_id);
        assert!(limits.max.is_none_or(|max| count < max), "{} once too often", record.event_id);
        last.insert(&record.event_id, (count + 1, record.year));
    }
}

/// Nobody dead changes, and no event of a later year finds them alive.
fn the_dead_rest(lived: &Lived) {
    for pair in lived.steps.windows(2) {
        for (before, after) in pair[0].life.persons.iter().zip(&pair[1].life.persons) {
            if !before.is_alive() {
                assert_eq!(before, after);
            }
        }
    }
}

fn filters_hold(lived: &Lived) {
    for record in lived.steps.iter().flat_map(|step| &step.events) {
        let event = Content::builtin().event_def(&record.event_id).unwrap();
        assert!(event.sensitivity.iter().all(|tag| !lived.life.spec.content_filter.contains(tag)));
    }
}

fn seqs_count_up(lived: &Lived) {
    let events: Vec<_> = lived.steps.iter().flat_map(|step| &step.events).collect();
    assert!(events.iter().zip(1..).all(|(record, seq)| record.event_seq == seq));
    assert!(lived.log.iter().zip(0..).all(|(entry, seq)| entry.seq == seq));
    let every_year =
        (0..=lived.life.age).all(|age| age == lived.life.age || events.iter().any(|record| record.age == age));
    assert!(every_year, "a year without an event");
}
