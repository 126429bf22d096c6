//! Work: finding an occupation, keeping it, growing too old for it.

use content::{Occupation, Schooling, Settlement};

use super::turn::{Score, Turn};
use crate::content::Content;
use crate::dice::{Purpose, Roll};
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
        && let Some(occupation) = find(turn.content, applicant(turn), &mut turn.dice().roll(Purpose::Work, 1))
    {
        start(turn, &occupation.id, "work");
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

fn applicant(turn: &Turn<'_>) -> Applicant {
    let life = &turn.life;
    Applicant { settlement: life.place.settlement, year: life.year, schooling: life.education.level }
}

/// Who looks for work, where and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applicant {
    pub(super) settlement: Settlement,
    pub(super) year: u16,
    pub(super) schooling: Schooling,
}

/// An occupation open to the applicant, by how common each is there.
pub(super) fn find<'c>(content: &'c Content, applicant: Applicant, roll: &mut Roll) -> Option<&'c Occupation> {
    let open = content.rules().occupations.iter().filter(|occupation| {
        let (first, last) = occupation.years;
        occupation.needs <= applicant.schooling && (first..=last).contains(&applicant.year)
    });
    let weigh = |occupation: &Occupation| {
        let common = match applicant.settlement {
            Settlement::Village => occupation.rural_weight,
            Settlement::Town | Settlement::City => occupation.urban_weight,
        };
        // Schooling that was paid for is usually used.
        let fitting = if occupation.needs == applicant.schooling { 4 } else { 1 };
        u64::from(common) * fitting
    };
    let weighted: Vec<_> = open.map(|occupation| (occupation, weigh(occupation))).collect();
    let mut point = roll.below(weighted.iter().map(|(_, weight)| weight).sum());
    for (occupation, weight) in weighted {
        if point < weight {
            return Some(occupation);
        }
        point -= weight;
    }
    None
}
