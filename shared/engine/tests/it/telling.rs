//! What a life is told with: the variant of a text, the names of a country, the reasons of a draw.

use std::collections::BTreeSet;

use engine::{Content, LifeSpec, Mode, explain};

use crate::golden::frozen_world;
use crate::play::{live, live_number, seed, spec};

/// Happens every year, and tells whether it has happened before.
const RULES: &str = r#"[told_again]
type = "development"
topic = "family"
risk = "none"
where = { ages = [1, 99], tier = "mandatory" }
limits = { cooldown_years = 1 }
"#;

const TEXT: &str = r#"[told_again]
title = "T"
text = [{ if = 'event("told_again")', text = "again" }, { text = "for the first time" }]
"#;

#[test]
fn a_variant_is_chosen_before_the_event_is_remembered() {
    let content =
        frozen_world(&[("rules/events/told.toml", RULES), ("text/zh-CN/told.toml", TEXT), ("text/en/told.toml", TEXT)]);
    let lived = live_number(&content, 1);
    let records = lived.steps.iter().flat_map(|step| &step.events).filter(|record| record.event_id == "told_again");
    let variants: Vec<u8> = records.map(|record| record.variant).collect();
    assert!(variants.len() > 1);
    assert!(variants[0] == 1 && variants[1..].iter().all(|variant| *variant == 0), "{variants:?}");
}

#[test]
fn a_country_names_its_people_before_its_region_does() {
    for (country, pool) in
        [("JP", "japanese"), ("KR", "korean"), ("CN", "chinese"), ("SA", "arabic"), ("TR", "turkish")]
    {
        let content = Content::builtin();
        let pool = content.rules().name_pools.iter().find(|row| row.id == pool).unwrap();
        let spec = LifeSpec { country: country.to_owned(), ..spec(content, 2) };
        let lived = live(content, spec, seed(2), Mode::Steady, |_, _| 0);
        for person in &lived.life.persons {
            assert!(pool.family.contains(&person.name.family), "{country}: {:?}", person.name);
            assert!(pool.female.contains(&person.name.given) || pool.male.contains(&person.name.given));
            assert_eq!(person.name.order, pool.order);
        }
    }
}

/// A thin pool of events is filled up with harmless ones; what is dangerous happens as rarely as its author says.
#[test]
fn only_harmless_events_fill_a_thin_pool() {
    let content = Content::builtin();
    let mut seen = BTreeSet::new();
    for number in 0..6 {
        let lived = live_number(content, number);
        for record in lived.steps.iter().flat_map(|step| &step.events).filter(|record| record.age % 4 == 0) {
            let draw = explain(|_| Some(content), &lived.log, record.event_seq).unwrap().unwrap().draw;
            if draw.tier != content::Tier::Random {
                continue;
            }
            let dangerous = content.event_def(&record.event_id).unwrap().risk > content::Risk::Low;
            let filled = draw.multipliers.iter().any(|factor| factor.why == "eventful");
            assert!(draw.total_weight >= 100_000 && !(dangerous && filled), "{}: {draw:?}", record.event_id);
            seen.insert((dangerous, filled));
        }
    }
    assert!(seen.contains(&(false, true)) && seen.contains(&(true, false)), "{seen:?}");
}
