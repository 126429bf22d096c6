//! School: who starts, who goes on, who completes what.

use content::{News, Schooling};

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
            turn.report(News::Graduated);
            go_on(turn);
        } else {
            may_drop_out(turn, level);
        }
        return;
    }
    let living = turn.here.living;
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
    let living = turn.here.living;
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

/// Poverty, an orphaned home or no bent for it ends schooling early, the more easily the rarer schooling is.
fn may_drop_out(turn: &mut Turn<'_>, level: Schooling) {
    let life = &turn.life;
    let share = match level {
        Schooling::None => return,
        Schooling::Primary => turn.here.living.schooling_pct,
        Schooling::Secondary => turn.here.living.secondary_pct,
        Schooling::Tertiary => 60,
    };
    let orphaned =
        life.living(content::Relation::Father).chain(life.living(content::Relation::Mother)).next().is_none();
    let chance = turn
        .likely("leaving_school", (100 - i32::from(share)) / 2)
        .add("poverty", if life.family.wealth < 20 { 25 } else { 0 })
        .add("orphaned", if orphaned && life.age < 18 { 30 } else { 0 })
        .add("plan.study", 15 - 6 * i32::from(life.plan.study.min(5)))
        .add("attributes.intelligence", (45 - i32::from(life.attributes.intelligence)) / 2)
        .times("share", if share > 90 { 30 } else { 100 });
    if turn.happens(chance, Purpose::School, 10) {
        leave(turn, "dropped_out");
        turn.report(News::LeftSchool);
    }
}
