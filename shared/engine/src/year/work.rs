//! Work: finding an occupation, keeping it, growing too old for it.

use content::{Occupation, Settlement};

use super::turn::{Score, Turn};
use crate::dice::Purpose;
use crate::life::Career;
use crate::record::Value;

/// The age at which those not at school look for work.
const STARTING_AGE: u16 = 16;
/// The age at which work ends.
const RETIREMENT_AGE: u16 = 65;
/// Chance in percent to find work in a year of looking.
const HIRING_PERCENT: u8 = 70;

/// One more year at work, the search for it, or its end.
pub(super) fn earn_a_living(turn: &mut Turn<'_>) {
    let age = turn.life.age;
    if let Some(career) = &mut turn.life.career {
        career.years += 1;
        if age >= RETIREMENT_AGE {
            retire(turn, "age");
        }
    } else if (STARTING_AGE..RETIREMENT_AGE).contains(&age)
        && !turn.life.retired
        && turn.life.education.enrolled.is_none()
        && turn.dice().roll(Purpose::Work, 0).percent() < HIRING_PERCENT
        && let Some(occupation) = find_occupation(turn)
    {
        let id = occupation.id.clone();
        start(turn, &id, "work");
    }
}

/// An occupation begins.
pub(super) fn start(turn: &mut Turn<'_>, id: &str, source: &str) {
    let before = turn.life.career.replace(Career { id: id.to_owned(), years: 0 });
    turn.life.retired = false;
    turn.note("career.id", before.as_ref().map(|career| career.id.as_str()).into(), Some(id).into(), source);
}

/// The occupation ends.
pub(super) fn lose(turn: &mut Turn<'_>, source: &str) {
    if let Some(career) = turn.life.career.take() {
        turn.note("career.id", Value::Id(career.id), Value::Absent, source);
        turn.add(Score::Stress, 6, source);
    }
}

/// Working life ends.
pub(super) fn retire(turn: &mut Turn<'_>, source: &str) {
    let career = turn.life.career.take();
    if !turn.life.retired {
        turn.life.retired = true;
        turn.note("career.id", career.as_ref().map(|career| career.id.as_str()).into(), Value::Absent, source);
        turn.note("retired", Value::Bool(false), Value::Bool(true), source);
    }
}

/// An occupation open to somebody with this schooling, here and now.
fn find_occupation<'a>(turn: &Turn<'a>) -> Option<&'a Occupation> {
    let life = &turn.life;
    let open = turn.content.rules().occupations.iter().filter(|occupation| {
        occupation.needs <= life.education.level && (occupation.years.0..=occupation.years.1).contains(&life.year)
    });
    let weighted: Vec<(&Occupation, u64)> = open
        .map(|occupation| {
            let common = match life.place.settlement {
                Settlement::Village => occupation.rural_weight,
                Settlement::Town | Settlement::City => occupation.urban_weight,
            };
            // Schooling that was paid for is usually used.
            let fitting = if occupation.needs == life.education.level { 4 } else { 1 };
            (occupation, u64::from(common) * fitting)
        })
        .collect();
    let total = weighted.iter().map(|(_, weight)| weight).sum();
    let mut point = turn.dice().roll(Purpose::Work, 1).below(total);
    weighted.into_iter().find_map(|(occupation, weight)| {
        let hit = point < weight;
        point = point.saturating_sub(weight);
        hit.then_some(occupation)
    })
}
