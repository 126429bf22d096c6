//! Applying effects.

use content::{AssetKind, Effect, Payer, Risk};

use super::people::{NewPerson, bury, meet};
use super::slot::Slots;
use super::turn::{Bond, Score, Turn};
use super::{household, money, school, work};
use crate::dice::Purpose;
use crate::life::{Entry, Mortality, Person, PersonId};
use crate::record::Value;

/// Days of wages one point of household wealth stands for.
const DAYS_PER_WEALTH: i32 = 30;
/// The age to which the gentle player lives.
const GENTLE_AGE: u16 = 5;

/// Where effects come from: the event, its risk, its people.
pub(super) struct Origin<'e> {
    pub(super) id: &'e str,
    pub(super) risk: Risk,
    /// Tells the event's branches apart, so that each has its own dice.
    pub(super) branch: u8,
}

/// Applies effects in order; people they create take their slots.
pub(super) fn apply(turn: &mut Turn<'_>, effects: &[Effect], origin: &Origin<'_>, slots: &mut Slots) {
    for (place, effect) in (0..).zip(effects) {
        if !turn.is_alive() {
            return;
        }
        let size = size_percent(turn, origin, place);
        apply_one(turn, effect, origin.id, size, slots);
    }
}

/// What lasts from earlier years; what is over ends.
pub(super) fn lasting(turn: &mut Turn<'_>) {
    let year = turn.life.year;
    if turn.life.lasting.is_empty() {
        return;
    }
    for (id, last_year) in turn.life.lasting.clone() {
        let lasting = turn.content.lasting(&id);
        let over =
            lasting.is_none_or(|lasting| lasting.ends_if.as_ref().is_some_and(|cond| turn.asked(&[]).holds(cond)));
        if over || year > last_year {
            turn.life.lasting.remove(&id);
            turn.note(format!("lasting.{id}"), Value::Bool(true), Value::Bool(false), &id);
        } else if let Some(lasting) = lasting {
            let origin = Origin { id: &id, risk: Risk::None, branch: 0 };
            apply(turn, &lasting.per_year, &origin, &mut Slots::default());
        }
    }
}

/// How strongly an effect comes out, percent: modes widen or narrow the spread about 100.
fn size_percent(turn: &Turn<'_>, origin: &Origin<'_>, place: u8) -> i32 {
    use content::Mode::{Aggressive, Conservative, Steady};
    let spread = match (origin.risk, turn.mode()) {
        (Risk::None, _) => return 100,
        (Risk::Low, Aggressive) => 30,
        (Risk::Low, Steady) => 20,
        (Risk::Low, Conservative) => 10,
        (Risk::Medium, Aggressive) => 50,
        (Risk::Medium, Steady) => 30,
        (Risk::Medium, Conservative) => 15,
        (Risk::High, Aggressive) => 70,
        (Risk::High, Steady) => 40,
        (Risk::High, Conservative) => 20,
    };
    let ordinal = origin.branch.wrapping_mul(32).wrapping_add(place);
    turn.dice().roll_for(Purpose::EffectSize, origin.id, ordinal).between(100 - spread, 100 + spread)
}

/// A share of an amount, rounded to the nearest.
fn scaled(amount: i32, percent: i32) -> i32 {
    let product = i64::from(amount) * i64::from(percent);
    i32::try_from((product + 50 * product.signum()) / 100).unwrap_or(amount)
}

fn apply_one(turn: &mut Turn<'_>, effect: &Effect, source: &str, size: i32, slots: &mut Slots) {
    let person = |slot: &content::SlotIx, slots: &Slots| slots.get(usize::from(slot.0)).copied().flatten();
    let mut add = |score, amount: i16| turn.add(score, scaled(amount.into(), size), source);
    match effect {
        Effect::Attr(kind, amount) => add(Score::Attr(*kind), *amount),
        Effect::Skill(kind, amount) => add(Score::Skill(*kind), *amount),
        Effect::Physical(amount) => add(Score::Physical, *amount),
        Effect::Mental(amount) => add(Score::Mental, *amount),
        Effect::Stress(amount) => add(Score::Stress, *amount),
        Effect::Happiness(amount) => add(Score::Happiness, *amount),
        Effect::Money(days, payer) => pay(turn, scaled(*days, size), *payer, source),
        Effect::Asset(kind, days) => own(turn, *kind, scaled(*days, size).into(), source),
        Effect::Education(level) => school::complete(turn, *level, source),
        Effect::Enrol(level) => school::enrol(turn, *level, source),
        Effect::LeaveSchool => school::leave(turn, source),
        Effect::Job(id) => work::start(turn, id, source),
        Effect::LoseJob => work::lose(turn, source),
        Effect::Retire => work::retire(turn, source),
        Effect::Flag(id) => {
            let new = turn.life.flags.insert(id.clone());
            turn.note(format!("flags.{id}"), (!new).into(), true.into(), source);
        }
        Effect::Unflag(id) => {
            let known = turn.life.flags.remove(id);
            turn.note(format!("flags.{id}"), known.into(), false.into(), source);
        }
        Effect::Condition(id) => {
            if let Some(illness) = turn.content.illness(id) {
                super::illness::fall_ill(turn, illness, source);
            }
        }
        Effect::Cure(id) => {
            let before = turn.life.health.conditions.len();
            turn.life.health.conditions.retain(|ailment| ailment.id != *id);
            let cured = turn.life.health.conditions.len() < before;
            turn.note(format!("health.conditions.{id}"), cured.into(), false.into(), source);
        }
        Effect::Death(cause) => {
            let spared = turn.life.spec.mortality == Mortality::Gentle && turn.life.age < GENTLE_AGE;
            if spared {
                turn.add(Score::Physical, -20, source);
            } else {
                turn.die(cause);
            }
        }
        Effect::Spawn(relation, slot) => {
            let id = meet(turn, NewPerson::usual(*relation), source);
            if let Some(place) = slot.and_then(|slot| slots.get_mut(usize::from(slot.0))) {
                *place = Some(id);
            }
        }
        Effect::Marry(slot) => with(turn, person(slot, slots), |turn, id| household::marry(turn, id, source)),
        Effect::Part(slot) => with(turn, person(slot, slots), |turn, id| household::part(turn, id, source)),
        Effect::Dies(slot) => with(turn, person(slot, slots), |turn, id| bury(turn, id, source)),
        Effect::Rel { slot, intimacy, trust, support } => with(turn, person(slot, slots), |turn, id| {
            turn.bond(id, Bond::Intimacy, (*intimacy).into(), source);
            turn.bond(id, Bond::Trust, (*trust).into(), source);
            turn.bond(id, Bond::Support, (*support).into(), source);
        }),
    }
}

/// Does something with a person, if there is one and it is alive: the dead neither marry nor quarrel.
fn with(turn: &mut Turn<'_>, id: Option<PersonId>, act: impl FnOnce(&mut Turn<'_>, PersonId)) {
    let living = id.filter(|id| turn.life.person(*id).is_some_and(Person::is_alive));
    if let Some(id) = living {
        act(turn, id);
    }
}

/// Money moves: out of the player's own pocket, or the household's while the player lives on it.
fn pay(turn: &mut Turn<'_>, days: i32, payer: Payer, source: &str) {
    let dependent = money::lives_at_home(&turn.life);
    if payer == Payer::Household && dependent {
        let points = days / DAYS_PER_WEALTH;
        turn.add(Score::Wealth, if points == 0 { days.signum() } else { points }, source);
        return;
    }
    let before = (turn.life.economy.cash_days, turn.life.economy.debt_days);
    // Nobody lends to a child, nor to anybody beyond measure.
    let floor = if dependent { -before.0 } else { -before.0 - (money::MOST_DEBT - before.1).max(0) };
    turn.life.economy.post(Entry::Event, i64::from(days).max(floor.min(0)));
    money::note(turn, before, source);
}

/// A possession gains or loses worth; one that is worth nothing is gone.
fn own(turn: &mut Turn<'_>, kind: AssetKind, days: i64, source: &str) {
    let before = turn.life.economy.worth_of(kind);
    let after = (before + days).max(0);
    turn.life.economy.enter(Entry::Event, after - before);
    turn.life.economy.set_worth(kind, after);
    turn.note(format!("economy.assets.{kind}"), before.into(), after.into(), source);
}
