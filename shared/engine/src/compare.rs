//! Two lives side by side: where they parted, and how they differ.

use content::{Attribute, Skill};
use serde::Serialize;

use crate::life::Life;
use crate::log::{Input, LogEntry};

/// Two lives side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The age at which their logs first differ; `None` if one goes on where the other ends, or they are the same. Lives
    /// of different births part at 0.
    pub parted_at_age: Option<u16>,
    /// The number of the first entry that differs.
    pub parted_at_seq: Option<u32>,
    /// What was put in there, if it was the input that differed: first life, second life.
    pub inputs: Option<(Input, Input)>,
    /// Numbers that differ.
    pub differences: Vec<Difference>,
    /// Events that only the first life saw, by id.
    pub only_first: Vec<String>,
    /// Events that only the second life saw, by id.
    pub only_second: Vec<String>,
}

/// A number in which two lives differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where, as clients see it: `skills.business`, `economy.net_worth`.
    pub path: String,
    /// In the first life.
    pub first: i64,
    /// In the second life.
    pub second: i64,
}

/// Compares two lives, each with its log.
#[must_use]
pub fn compare(first: (&Life, &[LogEntry]), second: (&Life, &[LogEntry])) -> Comparison {
    let parted = first.1.iter().zip(second.1).find(|(a, b)| a.hash != b.hash);
    let numbers = numbers(first.0).into_iter().zip(numbers(second.0));
    let differences = numbers.filter(|((_, a), (_, b))| a != b).map(|((path, first), (_, second))| Difference {
        path,
        first,
        second,
    });
    let only = |here: &Life, there: &Life| -> Vec<String> {
        here.history.keys().filter(|id| !there.history.contains_key(*id)).cloned().collect()
    };
    Comparison {
        parted_at_age: parted.map(|(a, b)| a.age.min(b.age)),
        parted_at_seq: parted.map(|(a, _)| a.seq),
        inputs: parted.filter(|(a, b)| a.input != b.input).map(|(a, b)| (a.input.clone(), b.input.clone())),
        differences: differences.collect(),
        only_first: only(first.0, second.0),
        only_second: only(second.0, first.0),
    }
}

/// The numbers worth comparing, always in the same order.
fn numbers(life: &Life) -> Vec<(String, i64)> {
    let mut rows = vec![("age".to_owned(), i64::from(life.age)), ("year".to_owned(), i64::from(life.year))];
    rows.extend(
        Attribute::ALL.iter().map(|kind| (format!("attributes.{kind}"), i64::from(life.attributes.get(*kind)))),
    );
    rows.extend(Skill::ALL.iter().map(|kind| (format!("skills.{kind}"), i64::from(life.skills.get(*kind)))));
    let relatives = |relation| i64::try_from(life.persons.iter().filter(|person| person.relation == relation).count());
    let kept = &life.chronicle;
    let named = [
        ("health.physical", i64::from(life.health.physical)),
        ("health.mental", i64::from(life.health.mental)),
        ("health.stress", i64::from(life.health.stress)),
        ("happiness", i64::from(life.happiness)),
        ("education.level", life.education.level as i64),
        ("family.wealth", i64::from(life.family.wealth)),
        ("family.children", relatives(content::Relation::Child).unwrap_or(0)),
        ("family.weddings", i64::from(kept.weddings)),
        ("people.met", i64::try_from(life.persons.len()).unwrap_or(0)),
        ("career.years", i64::from(kept.years_worked)),
        ("career.best_rank", i64::from(kept.best_rank)),
        ("economy.net_worth", life.economy.net_worth_days()),
        ("economy.peak_worth", kept.peak_worth_days),
        ("countries", i64::from(kept.countries)),
    ];
    rows.extend(named.map(|(path, number)| (path.to_owned(), number)));
    rows
}
