//! How body and mind fare: habits, rest, worries, and the mood they leave.

use content::Relation;

use super::turn::{Score, Turn, moved};
use crate::life::{Dose, Habits, Plan};

/// The plan of the year: the player's own as far as it still can stand, or the usual one.
pub(super) fn plan(turn: &mut Turn<'_>) {
    if !turn.life.own_plan {
        turn.life.plan = Plan::usual(turn.life.stage);
        turn.life.habits = Habits::usual(&turn.life);
    }
}

/// Health drifts to what constitution, age and habits allow; rest and company mend the mind.
pub(super) fn drift_all(turn: &mut Turn<'_>) {
    physical(turn);
    stress(turn);
    let life = &turn.life;
    let calm = 85 - i32::from(life.health.stress) / 2 + i32::from(life.traits.optimism) / 10
        - i32::from(life.mood.sadness) / 10;
    drift(turn, Score::Mental, i32::from(turn.life.health.mental), calm, "stress");
    happiness(turn);
    mood(turn);
}

fn physical(turn: &mut Turn<'_>) {
    let (life, habits) = (&turn.life, turn.life.habits);
    let ageing = (i32::from(life.age) - 35).max(0) * 2 / 3;
    let sleep = if habits.sleep == Dose::Little { -4 } else { 0 };
    let diet = match habits.diet {
        Dose::Little | Dose::None => -4,
        Dose::Moderate => 0,
        Dose::Much => -2,
    };
    let exercise = match habits.exercise {
        Dose::None => -3,
        Dose::Little => 0,
        Dose::Moderate => 3,
        Dose::Much => 4,
    } + i32::from(life.plan.exercise.min(4)) / 2;
    let drink = [0, 0, -2, -8][usize::from(habits.drink as u8)];
    let smoke = [0, -2, -6, -10][usize::from(habits.smoke as u8)];
    let lived = sleep + diet + exercise + drink + smoke;
    let means = if life.family.wealth < 12 { -4 } else { i32::from(life.budget.health.min(30)) / 10 };
    let target = 65 + i32::from(life.attributes.constitution) / 3 - ageing + lived + means;
    let source = if lived < -5 { "habits" } else { "age" };
    drift(turn, Score::Physical, i32::from(turn.life.health.physical), target, source);
}

fn stress(turn: &mut Turn<'_>) {
    let life = &turn.life;
    let money = &life.economy;
    let owing = if money.debt_days > 120 { 10 } else { i32::from(money.debt_days > 0) * 4 };
    let small_children = life.living(Relation::Child).filter(|child| child.age_in(life.year) < 6).count().min(3);
    let at_work = if life.career.is_some() { 5 * i32::from(life.plan.work) } else { 2 * i32::from(life.plan.work) };
    let eased = 4 * i32::from(life.plan.rest) + 2 * i32::from(life.plan.social) + i32::from(life.budget.leisure) / 8;
    let tired = if life.habits.sleep == Dose::Little { 7 } else { 0 };
    let nature = (i32::from(life.traits.optimism) - 50) / 8;
    let target = 17 + at_work + owing + tired + 2 * i32::try_from(small_children).unwrap_or(0) - eased - nature;
    let source = if owing > 4 { "debt" } else { "plan.rest" };
    drift(turn, Score::Stress, i32::from(turn.life.health.stress), target, source);
}

fn happiness(turn: &mut Turn<'_>) {
    let life = &turn.life;
    let company = life.spouse().map_or(0, |spouse| (i32::from(spouse.intimacy) - 40) / 8)
        + i32::try_from(life.living(Relation::Friend).count().min(4)).unwrap_or(0);
    let means = (i32::from(life.family.wealth) - 30).clamp(-20, 30) / 5;
    let work = life.career.as_ref().map_or(0, |career| i32::from(career.rank));
    let target = 36
        + i32::from(life.traits.optimism) / 4
        + i32::from(life.health.mental) / 8
        + company
        + means
        + work
        + i32::from(life.plan.art.min(3))
        - i32::from(life.mood.sadness) / 8;
    drift(turn, Score::Happiness, i32::from(turn.life.happiness), target, "mood");
}

/// Feelings follow what is so; grief passes by itself.
fn mood(turn: &mut Turn<'_>) {
    let life = &turn.life;
    let stress = i32::from(life.health.stress);
    let debt = if life.economy.debt_days > 120 { 12 } else { 0 };
    let joy = i32::from(life.happiness);
    let sadness = (70 - i32::from(life.health.mental)).max(0) / 2 + (45 - joy).max(0) / 2;
    let anxiety = stress * 2 / 3 + debt - (i32::from(life.traits.courage) - 50) / 6;
    let anger = stress / 2 - (i32::from(life.traits.optimism) - 50) / 6;
    let towards = |now: u8, target: i32| moved(now, (target.clamp(0, 100) - i32::from(now)) / 2);
    let felt = life.mood;
    turn.life.mood = crate::life::Mood {
        joy: towards(felt.joy, joy),
        sadness: towards(felt.sadness, sadness),
        anxiety: towards(felt.anxiety, anxiety),
        anger: towards(felt.anger, anger),
    };
}

/// Moves a score a fifth of the way to its target, by at least one.
fn drift(turn: &mut Turn<'_>, score: Score, now: i32, target: i32, source: &str) {
    let gap = target.clamp(0, 100) - now;
    let step = if gap.abs() < 5 { gap.signum() } else { gap / 5 };
    turn.add(score, step, source);
}
