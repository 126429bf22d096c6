//! School: who starts, who goes on, who completes what.

use content::Schooling;

use super::turn::Turn;
use crate::dice::Purpose;
use crate::record::Value;

/// Years to complete a level.
const fn duration(level: Schooling) -> u8 {
    match level {
        Schooling::None => 0,
        Schooling::Primary | Schooling::Secondary => 6,
        Schooling::Tertiary => 4,
    }
}

/// One more year at school, or the chance to begin.
pub(super) fn attend(turn: &mut Turn<'_>) {
    if let Some(level) = turn.life.education.enrolled {
        turn.life.education.years += 1;
        if turn.life.education.years >= duration(level) {
            complete(turn, level, "school");
            go_on(turn);
        }
        return;
    }
    let living = turn.content.living(&turn.life.place.region, turn.life.year);
    if turn.life.education.level == Schooling::None && turn.life.age == living.school_start_age.max(4) {
        go_on(turn);
    }
}

/// A level is completed.
pub(super) fn complete(turn: &mut Turn<'_>, level: Schooling, source: &str) {
    let before = turn.life.education.level;
    leave(turn, source);
    if level > before {
        turn.life.education.level = level;
        turn.note("education.level", Value::Id(before.to_string()), Value::Id(level.to_string()), source);
    }
}

/// A level is begun.
pub(super) fn enrol(turn: &mut Turn<'_>, level: Schooling, source: &str) {
    if turn.life.education.enrolled == Some(level) || turn.life.education.level >= level {
        return;
    }
    let before = turn.life.education.enrolled.replace(level);
    turn.life.education.years = 0;
    turn.note("education.enrolled", before.map(Schooling::as_str).into(), Some(level.as_str()).into(), source);
}

/// School is over, completed or not.
pub(super) fn leave(turn: &mut Turn<'_>, source: &str) {
    let before = turn.life.education.enrolled.take();
    turn.life.education.years = 0;
    turn.note("education.enrolled", before.map(Schooling::as_str).into(), Value::Absent, source);
}

/// The chance of the next level: the era's share, better for the gifted and the well-off.
fn go_on(turn: &mut Turn<'_>) {
    let living = turn.content.living(&turn.life.place.region, turn.life.year);
    let (next, share) = match turn.life.education.level {
        Schooling::None => (Schooling::Primary, living.schooling_pct),
        Schooling::Primary => (Schooling::Secondary, living.secondary_pct),
        Schooling::Secondary => (Schooling::Tertiary, living.tertiary_pct),
        Schooling::Tertiary => return,
    };
    let merit = (i32::from(turn.life.skills.academic) + i32::from(turn.life.attributes.intelligence) - 80) / 4;
    let means = (i32::from(turn.life.family.wealth) - 50) / 3;
    // Where nearly everybody goes, or nearly nobody, gifts and means matter little.
    let share = i32::from(share);
    let room = share.min(100 - share);
    let chance = share + (merit + means).clamp(-room, room);
    let roll = turn.dice().roll(Purpose::School, next as u64).percent();
    if i32::from(roll) < chance {
        enrol(turn, next, "school");
    }
}
