//! Growing up and growing old: body, attributes, skills.

use content::{Attribute, Gender, Skill};

use super::turn::{Score, Turn};
use crate::dice::{Dice, Purpose};
use crate::life::Life;

/// Usual height in centimetres at ages 0 to 18 (WHO growth standards and reference, medians, rounded).
const HEIGHT_MALE: [u16; 19] =
    [50, 76, 87, 96, 103, 110, 116, 122, 127, 133, 138, 143, 149, 156, 163, 169, 173, 175, 176];
const HEIGHT_FEMALE: [u16; 19] =
    [49, 74, 86, 95, 103, 109, 115, 121, 127, 132, 139, 145, 151, 156, 160, 162, 163, 163, 163];
/// Usual body mass index in tenths at ages 0 to 18, then for adults.
const BMI_TENTHS: [u32; 19] =
    [134, 168, 160, 156, 153, 153, 153, 155, 157, 161, 165, 170, 176, 183, 191, 199, 206, 212, 217];
const ADULT_BMI_TENTHS: u32 = 228;

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
    let (height, weight) = size(turn.life.gender, turn.life.age, turn.life.body.stature_pm);
    let grown = std::mem::replace(&mut turn.life.body.height_cm, height);
    turn.life.body.weight_g = weight;
    if grown != height {
        turn.note("body.height_cm", i64::from(grown).into(), i64::from(height).into(), "growth");
    }
    attributes(turn);
    skills(turn);
}

/// The most each attribute can come to: talents dealt at birth and never shown, 55 to 100.
pub(super) fn talents(life: &Life) -> [i32; Attribute::ALL.len()] {
    let dice = Dice::new(life.seed, life.spec.birth_year);
    std::array::from_fn(|index| dice.roll(Purpose::Talent, index as u64).bell(55, 105).min(100))
}

fn attributes(turn: &mut Turn<'_>) {
    let (age, plan) = (turn.life.age, turn.life.plan);
    let (stress, schooled) = (turn.life.health.stress, turn.life.education.enrolled.is_some());
    let hard_childhood = age < 16 && turn.life.family.wealth < 18;
    let will = i32::from(turn.life.attributes.willpower);
    for (index, kind) in (0_u8..).zip(Attribute::ALL) {
        let effort = match kind {
            Attribute::Intelligence => plan.study,
            Attribute::Constitution => plan.exercise,
            Attribute::Charisma => plan.social,
            Attribute::Willpower => plan.work + plan.study / 2,
            Attribute::Creativity => plan.art * 2,
        };
        let (effort, score) = (i32::from(effort), i32::from(turn.life.attributes.get(*kind)));
        let (ripening, per_point) = match age {
            0..=12 => (16, 5),
            13..=20 => (12, 5),
            21..=40 => (0, 4),
            41..=60 => (0, 3),
            _ => (0, 2),
        };
        let school = if schooled && *kind == Attribute::Intelligence { 8 } else { 0 };
        let home = if hard_childhood { -6 } else { 0 };
        let wish = ripening + effort * per_point + school + home + (will - 50) / 12;
        let years_over = |from: u16| i32::from(age.saturating_sub(from));
        let fading = match kind {
            Attribute::Constitution if age > 40 => 15 + years_over(40) * 3 / 2,
            Attribute::Intelligence | Attribute::Creativity if age > 65 => 10 + years_over(65),
            Attribute::Charisma if age > 60 => 10,
            _ => 0,
        };
        let disuse = if effort == 0 && age > 25 && score > 55 { 4 } else { 0 };
        let worn = if stress > 75 { 8 } else { 0 };
        let lost = fading + disuse + worn;
        let room = (turn.talents[usize::from(index)] - score).clamp(0, 40);
        // Where nothing can come of it, nothing is rolled: every roll stands for itself.
        if (wish <= 0 || room == 0) && lost == 0 {
            continue;
        }
        let roll = i32::from(turn.dice().roll(Purpose::Growth, index.into()).percent());
        // Damped: the nearer to the talent, the rarer the gain, so that a head start does not run away.
        if roll < wish && roll * 40 < wish * room {
            turn.add(Score::Attr(*kind), 1, if effort > 0 && age > 20 { "plan" } else { "growth" });
        } else if roll >= 100 - lost {
            turn.add(Score::Attr(*kind), -1, if fading > 0 { "age" } else { "disuse" });
        }
    }
}

fn skills(turn: &mut Turn<'_>) {
    let plan = turn.life.plan;
    let schooled = turn.life.education.enrolled.is_some();
    let occupation = turn.occupation();
    let (trade, own_account) = occupation.map_or((None, false), |work| (Some(work.skill), work.own_account));
    for (index, kind) in (100..).zip(Skill::ALL) {
        let (effort, source) = match kind {
            Skill::Academic if schooled => (plan.study + 4, "school"),
            Skill::Academic => (plan.study, "plan.study"),
            Skill::Social => (plan.social + 1, "plan.social"),
            Skill::Athletic => (plan.exercise, "plan.exercise"),
            Skill::Artistic => (plan.art, "plan.art"),
            Skill::Business if own_account => (plan.work / 2 + 2, "plan.work"),
            Skill::Business if trade.is_some() => (plan.work / 3 + 1, "plan.work"),
            Skill::Business => (0, "plan.work"),
        };
        let (practice, source) = if trade == Some(*kind) { (plan.work / 2 + 1, "work") } else { (0, source) };
        let effort = i32::from(effort + practice);
        let (score, aptitude) = (i32::from(turn.life.skills.get(*kind)), i32::from(turn.life.aptitudes.get(*kind)));
        let most = (45 + aptitude * 6 / 10).min(100);
        let chance = effort * (50 + aptitude) / 8 * (most - score).clamp(0, 50) / 50;
        if chance <= 0 && (effort > 0 || score == 0) {
            continue;
        }
        let mut roll = turn.dice().roll(Purpose::Growth, index);
        if i32::from(roll.percent()) < chance {
            turn.add(Score::Skill(*kind), roll.between(1, 2), source);
        } else if effort == 0 && i32::from(roll.percent()) < 6 + score / 8 {
            turn.add(Score::Skill(*kind), -1, "disuse");
        }
    }
}
