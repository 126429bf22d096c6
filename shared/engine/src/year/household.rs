//! Money, marriage, children.

use content::{Gender, Relation};

use super::people::{NewPerson, meet};
use super::turn::{Bond, Score, Turn};
use crate::dice::Purpose;
use crate::life::{Economy, PersonId};
use crate::record::Value;

/// Paid days in a year.
const WORKING_DAYS: i64 = 250;
/// What a grown person needs for a year.
const LIVING_DAYS: i64 = 190;
/// What a child in the house adds.
const CHILD_DAYS: i64 = 22;
/// Percent of living costs the family and the old-age chest carry once work is over.
const PENSION_PERCENT: i64 = 85;

/// Income comes, living costs go; what lacks is owed.
pub(super) fn money(turn: &mut Turn<'_>) {
    if turn.life.age < 16 {
        return;
    }
    let (income, expenses) = (income(turn), expenses(turn));
    let economy = &mut turn.life.economy;
    (economy.income_days, economy.expenses_days) = (income, expenses);
    let before = economy.cash_days;
    settle(economy, income - expenses);
    let after = economy.cash_days;
    turn.note("economy.cash_days", before.into(), after.into(), "living");
    household_wealth(turn);
}

/// Moves cash; what it does not cover becomes debt, what it more than covers first pays debt.
pub(super) fn settle(economy: &mut Economy, amount: i64) {
    let balance = economy.cash_days + amount - economy.debt_days;
    economy.cash_days = balance.max(0);
    economy.debt_days = (-balance).clamp(0, 5 * WORKING_DAYS);
}

fn income(turn: &Turn<'_>) -> i64 {
    let life = &turn.life;
    if life.retired {
        return LIVING_DAYS * PENSION_PERCENT / 100;
    }
    let Some(occupation) = life.career.as_ref().and_then(|career| turn.content.occupation(&career.id)) else {
        return 0;
    };
    let experience = life.career.as_ref().map_or(0, |career| i64::from(career.years.min(20)));
    let skill = 90 + i64::from(life.skills.business) / 5 + experience;
    let shock = turn.content.shock_percent(&life.place.region, life.year, |shock| shock.wage_pct);
    let shock = i64::try_from(shock).unwrap_or(100);
    WORKING_DAYS * i64::from(occupation.wage_pct) * skill * shock / 1_000_000
}

fn expenses(turn: &Turn<'_>) -> i64 {
    let life = &turn.life;
    let young = life.living(Relation::Child).filter(|child| child.age_in(life.year) < 16).count();
    let earning = life.career.is_some() || life.retired;
    // Those who earn nothing are fed at home.
    let own = if earning { LIVING_DAYS } else { 0 };
    let comfort = life.economy.cash_days / 10;
    own + i64::try_from(young).unwrap_or(0) * CHILD_DAYS + comfort
}

/// A grown person's household comes to be as well off as its purse.
fn household_wealth(turn: &mut Turn<'_>) {
    if turn.life.age < 25 {
        return;
    }
    let worth = turn.life.economy.net_worth_days();
    let target = (20 + worth / 40).clamp(2, 98);
    let step = (target - i64::from(turn.life.family.wealth)).signum();
    turn.add(Score::Wealth, i32::try_from(step).unwrap_or(0), "economy");
}

/// Chance to marry about the usual age, and of children while married.
pub(super) fn marriage_and_children(turn: &mut Turn<'_>) {
    let age = turn.life.age;
    if age < 18 {
        return;
    }
    match turn.life.spouse().map(|spouse| spouse.id) {
        None if age < 60 => look_for_a_spouse(turn),
        None => {}
        Some(spouse) => have_children(turn, spouse),
    }
}

fn look_for_a_spouse(turn: &mut Turn<'_>) {
    let living = turn.content.living(&turn.life.place.region, turn.life.year);
    let lover = turn.life.living(Relation::Lover).next().map(|person| person.id);
    let off_season = turn.life.age.abs_diff(living.marriage_age);
    let chance = 14_u16.saturating_sub(off_season) + if lover.is_some() { 20 } else { 0 };
    let mut roll = turn.dice().roll(Purpose::Family, 0);
    if !roll.chance(chance.into(), 100) {
        return;
    }
    let spouse = lover.unwrap_or_else(|| meet(turn, NewPerson::peer(Relation::Spouse), "marriage"));
    marry(turn, spouse, "marriage");
}

/// The player marries the person, unless married already.
pub(super) fn marry(turn: &mut Turn<'_>, id: PersonId, source: &str) {
    if turn.life.spouse().is_some_and(|spouse| spouse.id != id) {
        return;
    }
    set_relation(turn, id, Relation::Spouse, source);
    turn.add(Score::Happiness, 6, source);
}

/// The player and the person go separate ways.
pub(super) fn part(turn: &mut Turn<'_>, id: PersonId, source: &str) {
    let relation = turn.life.person(id).map(|person| person.relation);
    match relation {
        Some(Relation::Spouse) => set_relation(turn, id, Relation::ExSpouse, source),
        Some(Relation::Lover) => set_relation(turn, id, Relation::Friend, source),
        _ => {}
    }
    turn.bond(id, Bond::Intimacy, -30, source);
}

fn set_relation(turn: &mut Turn<'_>, id: PersonId, relation: Relation, source: &str) {
    let Some(person) = turn.life.persons.get_mut(id.0 as usize) else { return };
    let before = std::mem::replace(&mut person.relation, relation);
    let path = format!("persons.{}.relation", id.0);
    turn.note(path, Some(before.as_str()).into(), Some(relation.as_str()).into(), source);
}

fn have_children(turn: &mut Turn<'_>, spouse: PersonId) {
    let year = turn.life.year;
    let mother_age = match turn.life.gender {
        Gender::Female => turn.life.age,
        Gender::Male => turn.life.person(spouse).map_or(0, |person| person.age_in(year)),
    };
    let living = turn.content.living(&turn.life.place.region, year);
    let children = turn.life.persons.iter().filter(|person| person.relation == Relation::Child).count();
    // Where many children die, many are born; where few do, families stop early.
    let (percent, enough) = match living.life_expectancy {
        0..50 => (20, 10),
        50..62 => (16, 7),
        62..72 => (12, 4),
        _ => (11, 2),
    };
    let fertile = (18..=44).contains(&mother_age) && children < enough;
    let chance = if mother_age > 36 { percent / 2 } else { percent };
    if fertile && turn.dice().roll(Purpose::Family, 1).chance(chance, 100) {
        let child = meet(turn, NewPerson::newborn(Relation::Child), "birth");
        turn.add(Score::Happiness, 4, "birth");
        turn.note(format!("persons.{}.alive", child.0), Value::Absent, Value::Bool(true), "birth");
    }
}
