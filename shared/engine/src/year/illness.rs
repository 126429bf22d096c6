//! Falling ill, being treated, getting well: by age, habits, kin, and what medicine can do there and then.

use content::{Habit, Illness, News, Treatment};

use super::money;
use super::turn::{Score, Turn};
use crate::dice::Purpose;
use crate::life::{Ailment, Entry};
use crate::local::Endemic;
use crate::record::Value;

/// The age up to which a gentle life is spared.
const GENTLE_AGE: u16 = 5;

/// What ails takes its toll, is treated, passes; something new may come.
pub(super) fn year(turn: &mut Turn<'_>) {
    if !turn.life.health.conditions.is_empty() {
        suffer(turn);
    }
    if let Some(illness) = onset(turn) {
        fall_ill(turn, illness, "illness");
    }
}

fn suffer(turn: &mut Turn<'_>) {
    let (content, year) = (turn.content, turn.life.year);
    let mut index = 0;
    while let Some(ailment) = turn.life.health.conditions.get(index) {
        let since = ailment.since;
        let Some(place) = content.illness_at(&ailment.id) else {
            index += 1;
            continue;
        };
        let illness = &content.rules().illnesses[place];
        let best = turn.local().treatment(illness, place);
        let cured = treat(turn, best, index);
        let care = best.filter(|_| turn.life.health.conditions[index].treated);
        let lost = |points: i16| -i32::from(after_care(care, points.unsigned_abs()));
        turn.add(Score::Physical, lost(illness.physical), &illness.id);
        turn.add(Score::Mental, lost(illness.mental), &illness.id);
        let over = illness.years > 0 && year >= since + illness.years;
        if over || cured {
            turn.life.health.conditions.remove(index);
            let source = if cured { "treatment" } else { "recovery" };
            turn.note(format!("health.conditions.{}", illness.id), Value::Bool(true), Value::Bool(false), source);
            turn.report(News::Recovered);
        } else {
            index += 1;
        }
    }
}

/// The best treatment there and then, if somebody can pay for it; true if it cures.
fn treat(turn: &mut Turn<'_>, treatment: Option<&Treatment>, index: usize) -> bool {
    let cost = treatment.map_or(0, |treatment| own_cost(turn, treatment));
    let affordable = money::can_pay(turn, cost);
    let treated = treatment.is_some() && affordable;
    let fresh = match turn.life.health.conditions.get_mut(index) {
        Some(ailment) => treated && !std::mem::replace(&mut ailment.treated, treated),
        None => false,
    };
    let Some(treatment) = treatment.filter(|_| treated) else { return false };
    if !money::lives_at_home(&turn.life) {
        money::pay(turn, Entry::Health, -cost);
    }
    if fresh && treatment.cost_days >= 6 {
        turn.report(News::Treated);
    }
    let chance = turn.likely("cure", i32::from(treatment.cure_pct) * 10);
    turn.happens(chance, Purpose::Treatment, index as u64)
}

/// What is left to pay, days.
fn own_cost(turn: &Turn<'_>, treatment: &Treatment) -> i64 {
    i64::from(treatment.cost_days) * i64::from(100 - turn.here.society.cover_pct) / 100
}

/// What an illness the player has adds to the risk of death, percent.
pub(super) fn added_hazard(turn: &Turn<'_>, ailment: &Ailment) -> u16 {
    let Some(place) = turn.content.illness_at(&ailment.id) else { return 0 };
    let illness = &turn.content.rules().illnesses[place];
    let care = turn.local().treatment(illness, place).filter(|_| ailment.treated);
    after_care(care, illness.hazard_pct - 100)
}

/// What is left of a harm when care has done what it can.
fn after_care(care: Option<&Treatment>, harm: u16) -> u16 {
    let relief = care.map_or(0, |treatment| treatment.relief_pct);
    u16::try_from(u32::from(harm) * u32::from(100 - relief.min(100)) / 100).unwrap_or(harm)
}

/// At most one illness comes in a year: which, by how often each comes to somebody like this.
fn onset<'c>(turn: &mut Turn<'c>) -> Option<&'c Illness> {
    if turn.life.age < GENTLE_AGE && turn.life.spec.mortality == crate::life::Mortality::Gentle {
        return None;
    }
    let content = turn.content;
    let mut point = turn.dice().roll(Purpose::Onset, 0).below(100_000);
    for endemic in &turn.local().endemic {
        if !(endemic.ages.0..=endemic.ages.1).contains(&turn.life.age) {
            continue;
        }
        let illness = &content.rules().illnesses[endemic.illness];
        let rate = rate(turn, illness, endemic);
        if point < rate {
            if let Some(trace) = &mut turn.trace {
                let chance_pm = u16::try_from(rate / 100).unwrap_or(1000);
                trace.chances.push(super::turn::TracedChance {
                    what: "illness",
                    chance_pm,
                    happened: true,
                    factors: Vec::new(),
                });
            }
            return Some(illness);
        }
        point -= rate;
    }
    None
}

/// New cases a year in 100,000 people like this.
fn rate(turn: &Turn<'_>, illness: &Illness, endemic: &Endemic) -> u64 {
    let life = &turn.life;
    if life.health.conditions.iter().any(|ailment| ailment.id == illness.id) {
        return 0;
    }
    let ((from, to), (first, last)) = (endemic.ages, endemic.per_100k);
    let (step, run) = (u64::from(life.age - from), u64::from((to - from).max(1)));
    let mut rate = (first * (run - step) + last * step) / run;
    if endemic.hereditary && life.health.risks.contains(&illness.id) {
        rate *= 3;
    }
    if let Some(habit) = endemic.habit {
        rate = rate * habit_percent(habit, life.habits.level(habit)) / 100;
    }
    if endemic.stress {
        rate = rate * (40 + u64::from(life.health.stress) * 3 / 2) / 100;
    }
    if let Some(short_lives) = endemic.of_poverty {
        rate = rate * short_lives / 40;
        rate = rate * (130 - u64::from(life.family.wealth).min(90)) / 100;
    }
    if endemic.prevented { rate / 25 } else { rate }
}

/// What a habit at a level, 0 to 3, does to the illnesses it tells on, percent.
const fn habit_percent(habit: Habit, level: u8) -> u64 {
    let levels = match habit {
        Habit::Smoke | Habit::Drink => [70, 110, 200, 320],
        Habit::Diet => [250, 180, 90, 110],
        Habit::Exercise | Habit::Sleep => [140, 110, 80, 75],
    };
    levels[if level > 3 { 3 } else { level as usize }]
}

/// An illness begins, unless it is there already.
pub(super) fn fall_ill(turn: &mut Turn<'_>, illness: &Illness, source: &str) {
    if turn.life.health.conditions.iter().all(|ailment| ailment.id != illness.id) {
        let since = turn.life.year;
        turn.life.health.conditions.push(Ailment { id: illness.id.clone(), since, treated: false });
        turn.note(format!("health.conditions.{}", illness.id), Value::Bool(false), Value::Bool(true), source);
        turn.add(Score::Physical, -i32::from(illness.physical) / 2, source);
        turn.report(if illness.id == "burnout" { News::Exhausted } else { News::FellIll });
    }
}
