//! Growing up and growing old: body, attributes, skills, health.

use content::{Attribute, Gender, Skill, Stage};

use super::turn::{Score, Turn};
use crate::dice::Purpose;
use crate::life::Plan;
use crate::record::Value;

/// Usual height in centimetres at ages 0 to 18 (WHO growth standards and reference, medians, rounded).
const HEIGHT_MALE: [u16; 19] =
    [50, 76, 87, 96, 103, 110, 116, 122, 127, 133, 138, 143, 149, 156, 163, 169, 173, 175, 176];
const HEIGHT_FEMALE: [u16; 19] =
    [49, 74, 86, 95, 103, 109, 115, 121, 127, 132, 139, 145, 151, 156, 160, 162, 163, 163, 163];
/// Usual body mass index in tenths at ages 0 to 18, then for adults.
const BMI_TENTHS: [u32; 19] =
    [134, 168, 160, 156, 153, 153, 153, 155, 157, 161, 165, 170, 176, 183, 191, 199, 206, 212, 217];
const ADULT_BMI_TENTHS: u32 = 228;

/// The plan a stage of life suggests; a player's own plan replaces it in a later release.
#[must_use]
pub(crate) const fn default_plan(stage: Stage) -> Plan {
    match stage {
        Stage::Infancy => Plan { study: 0, work: 0, exercise: 2, art: 0, social: 1, family: 4, rest: 3 },
        Stage::Childhood => Plan { study: 3, work: 0, exercise: 2, art: 1, social: 1, family: 2, rest: 1 },
        Stage::Adolescence => Plan { study: 4, work: 0, exercise: 1, art: 1, social: 2, family: 1, rest: 1 },
        Stage::Youth => Plan { study: 1, work: 4, exercise: 1, art: 0, social: 2, family: 1, rest: 1 },
        Stage::MiddleAge => Plan { study: 0, work: 4, exercise: 1, art: 0, social: 1, family: 3, rest: 1 },
        Stage::OldAge => Plan { study: 0, work: 1, exercise: 1, art: 1, social: 2, family: 3, rest: 2 },
    }
}

/// Height and weight at an age.
pub(crate) fn size(gender: Gender, age: u16, stature_pm: u16) -> (u16, u32) {
    let table = match gender {
        Gender::Female => &HEIGHT_FEMALE,
        Gender::Male => &HEIGHT_MALE,
    };
    let place = usize::from(age.min(18));
    let height = u32::from(table[place]) * u32::from(stature_pm) / 1000;
    let bmi = if age > 18 { ADULT_BMI_TENTHS } else { BMI_TENTHS[place] };
    let weight = bmi * height * height / 100;
    (u16::try_from(height).unwrap_or(u16::MAX), weight)
}

/// The body grows, attributes ripen and fade, practice makes skills.
pub(super) fn body_and_mind(turn: &mut Turn<'_>) {
    turn.life.plan = default_plan(turn.life.stage);
    let (height, weight) = size(turn.life.gender, turn.life.age, turn.life.body.stature_pm);
    let grown = std::mem::replace(&mut turn.life.body.height_cm, height);
    turn.life.body.weight_g = weight;
    turn.note("body.height_cm", i64::from(grown).into(), i64::from(height).into(), "growth");
    attributes(turn);
    skills(turn);
}

fn attributes(turn: &mut Turn<'_>) {
    let (age, plan) = (turn.life.age, turn.life.plan);
    for (index, kind) in (0..).zip(Attribute::ALL) {
        let effort = match kind {
            Attribute::Intelligence => plan.study,
            Attribute::Constitution => plan.exercise,
            Attribute::Charisma => plan.social,
            Attribute::Willpower => plan.work + plan.study / 2,
            Attribute::Creativity => plan.art * 2,
        };
        let score = i32::from(turn.life.attributes.get(*kind));
        // Damped: the higher the score, the rarer the gain.
        let gain = match age {
            0..=18 => 20 + 5 * i32::from(effort) - score / 4,
            19..=40 => 4 * i32::from(effort) - score / 6,
            _ => 2 * i32::from(effort) - score / 6,
        };
        let loss = match kind {
            Attribute::Constitution if age > 40 => 15 + i32::from(age - 40) * 3 / 2,
            Attribute::Intelligence | Attribute::Creativity if age > 65 => 10 + i32::from(age - 65),
            Attribute::Charisma if age > 60 => 10,
            _ => 0,
        };
        let roll = i32::from(turn.dice().roll(Purpose::Growth, index).percent());
        if roll < gain {
            turn.add(Score::Attr(*kind), 1, "growth");
        } else if roll >= 100 - loss {
            turn.add(Score::Attr(*kind), -1, "age");
        }
    }
}

fn skills(turn: &mut Turn<'_>) {
    let plan = turn.life.plan;
    let (schooled, working) = (turn.life.education.enrolled.is_some(), turn.life.career.is_some());
    for (index, kind) in (100..).zip(Skill::ALL) {
        let (effort, source) = match kind {
            Skill::Academic if schooled => (plan.study + 4, "school"),
            Skill::Academic => (plan.study, "plan.study"),
            Skill::Social => (plan.social + 1, "plan.social"),
            Skill::Athletic => (plan.exercise, "plan.exercise"),
            Skill::Artistic => (plan.art, "plan.art"),
            Skill::Business => (if working { plan.work / 2 + 1 } else { 0 }, "plan.work"),
        };
        let (score, aptitude) = (i32::from(turn.life.skills.get(*kind)), i32::from(turn.life.aptitudes.get(*kind)));
        let chance = i32::from(effort) * (50 + aptitude) / 8 - score * i32::from(effort > 0) / 2;
        let mut roll = turn.dice().roll(Purpose::Growth, index);
        if i32::from(roll.percent()) < chance {
            turn.add(Score::Skill(*kind), roll.between(1, 2), source);
        } else if effort == 0 && roll.percent() < 10 {
            turn.add(Score::Skill(*kind), -1, "disuse");
        }
    }
}

/// Health drifts to what constitution and age allow; illness takes its toll; rest and company mend the mind.
pub(super) fn health(turn: &mut Turn<'_>) {
    let (age, plan) = (i32::from(turn.life.age), turn.life.plan);
    let ageing = (age - 35).max(0) * 2 / 3;
    let target = 65 + i32::from(turn.life.attributes.constitution) / 3 - ageing;
    drift(turn, Score::Physical, i32::from(turn.life.health.physical), target, "age");
    let stress_target = 15 + 5 * i32::from(plan.work) - 4 * i32::from(plan.rest) - 2 * i32::from(plan.social);
    drift(turn, Score::Stress, i32::from(turn.life.health.stress), stress_target, "plan.rest");
    let calm = 85 - i32::from(turn.life.health.stress) / 2 + i32::from(turn.life.traits.optimism) / 10;
    drift(turn, Score::Mental, i32::from(turn.life.health.mental), calm, "stress");
    let mood = 40 + i32::from(turn.life.traits.optimism) / 4 + i32::from(turn.life.health.mental) / 8;
    drift(turn, Score::Happiness, i32::from(turn.life.happiness), mood, "mood");
    illnesses(turn);
}

/// Moves a score a fifth of the way to its target, by at least one.
fn drift(turn: &mut Turn<'_>, score: Score, now: i32, target: i32, source: &str) {
    let gap = target.clamp(0, 100) - now;
    let step = if gap.abs() < 5 { gap.signum() } else { gap / 5 };
    turn.add(score, step, source);
}

fn illnesses(turn: &mut Turn<'_>) {
    let year = turn.life.year;
    for ailment in turn.life.health.conditions.clone() {
        let Some(illness) = turn.content.illness(&ailment.id) else { continue };
        turn.add(Score::Physical, -i32::from(illness.physical), &ailment.id);
        turn.add(Score::Mental, -i32::from(illness.mental), &ailment.id);
        if illness.years > 0 && year >= ailment.since + illness.years {
            turn.life.health.conditions.retain(|other| other.id != ailment.id);
            turn.note(format!("health.conditions.{}", ailment.id), Value::Bool(true), Value::Bool(false), "recovery");
        }
    }
}
