//! Love, marriage, children, parting.

use content::{Gender, News, Relation};

use super::money;
use super::people::{NewPerson, meet};
use super::turn::{Bond, Score, Turn};
use crate::dice::{Dice, Purpose};
use crate::life::{Entry, PersonId};
use crate::record::Value;

/// Nobody courts before.
const COURTING_AGE: u16 = 17;
/// Nobody marries before.
const WEDDING_AGE: u16 = 18;

/// Chance to meet somebody, to marry about the usual age, of children while married, of parting.
pub(super) fn love(turn: &mut Turn<'_>) {
    let able = turn.life.health.conditions.iter().all(|ailment| ailment.id != "dementia");
    if turn.life.age < COURTING_AGE || !able {
        return;
    }
    let lover = turn.life.living(Relation::Lover).next().map(|lover| lover.id);
    if let Some(spouse) = turn.life.spouse().map(|spouse| spouse.id) {
        turn.life.chronicle.years_married += 1;
        live_together(turn, spouse);
        if !divorce(turn, spouse) {
            have_children(turn, spouse);
        }
    } else if let Some(lover) = lover {
        court(turn, lover);
    } else {
        find_somebody(turn);
    }
}

/// Those whom marriage suits; the others mostly stay single.
fn is_marrying_kind(turn: &Turn<'_>) -> bool {
    let lot = Dice::new(turn.life.seed, turn.life.spec.birth_year).roll(Purpose::Love, 9).percent();
    i16::from(lot) < turn.here.society.marry_pct
}

/// Percent of the usual chance by how far from the usual age to marry.
fn season(turn: &Turn<'_>) -> i32 {
    let (age, usual) = (i32::from(turn.life.age), i32::from(turn.here.living.marriage_age));
    match age - usual {
        ..=-8 => 20,
        -7..=-4 => 55,
        -3..=6 => 120,
        7..=15 => 60,
        16..=30 => 22,
        _ => 8,
    }
}

fn find_somebody(turn: &mut Turn<'_>) {
    let life = &turn.life;
    let before = life.chronicle.weddings > 0;
    let chance = turn
        .likely("courtship", 190)
        .add("traits.extraversion", i32::from(life.traits.extraversion) - 50)
        .add("attributes.charisma", (i32::from(life.attributes.charisma) - 50) / 2)
        .add("body.looks", (i32::from(life.body.looks) - 50) / 2)
        .add("plan.social", 20 * (i32::from(life.plan.social) - 2))
        .times("age", season(turn))
        .times("single_by_nature", if is_marrying_kind(turn) || before { 100 } else { 7 });
    if turn.happens(chance, Purpose::Love, 0) {
        // Where families arrange it, the wedding comes with the acquaintance.
        let arranged = turn.life.age >= WEDDING_AGE
            && turn.here.living.marriage_age <= 22
            && turn.here.living.secondary_pct < 60
            && is_marrying_kind(turn);
        if arranged {
            let spouse = meet(turn, NewPerson::peer(Relation::Spouse), "arranged");
            marry(turn, spouse, "arranged");
        } else {
            meet(turn, NewPerson { intimacy: 50, ..NewPerson::peer(Relation::Lover) }, "courtship");
            turn.report(News::Courted);
        }
    }
}

fn court(turn: &mut Turn<'_>, lover: PersonId) {
    let warmth = i32::from(turn.life.plan.social) + i32::from(turn.life.plan.family);
    let luck = turn.dice().roll(Purpose::Love, 1).between(-6, 7);
    turn.bond(lover, Bond::Intimacy, luck + warmth - 2, "courtship");
    let Some(person) = turn.life.person(lover) else { return };
    let (intimacy, old_enough) = (i32::from(person.intimacy), person.age_in(turn.life.year) >= WEDDING_AGE);
    let parting = turn.likely("breaking_up", 70).add("intimacy", (45 - intimacy) * 6);
    if turn.happens(parting, Purpose::Love, 2) {
        part(turn, lover, "breaking_up");
        turn.add(Score::Happiness, -4, "breaking_up");
        turn.life.mood.sadness = super::turn::moved(turn.life.mood.sadness, 20);
        turn.report(News::BrokeUp);
        return;
    }
    if turn.life.age < WEDDING_AGE || !old_enough {
        return;
    }
    let chance = turn
        .likely("wedding", 240)
        .add("intimacy", (intimacy - 50) * 6)
        .add("career", if turn.life.career.is_some() { 60 } else { -40 })
        .times("age", season(turn).max(45))
        .times("single_by_nature", if is_marrying_kind(turn) { 100 } else { 5 });
    if turn.happens(chance, Purpose::Love, 3) {
        marry(turn, lover, "wedding");
    }
}

/// The player marries the person, unless married already.
pub(super) fn marry(turn: &mut Turn<'_>, id: PersonId, source: &str) {
    let grown = turn.life.age >= WEDDING_AGE && turn.life.person(id).is_some_and(|p| p.age_in(turn.life.year) >= 16);
    if !grown || turn.life.spouse().is_some_and(|spouse| spouse.id != id) {
        return;
    }
    set_relation(turn, id, Relation::Spouse, source);
    turn.life.chronicle.weddings += 1;
    turn.add(Score::Happiness, 6, source);
    turn.report(News::Married);
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

/// A marriage warms or cools to what is put into it.
fn live_together(turn: &mut Turn<'_>, spouse: PersonId) {
    let life = &turn.life;
    let nature =
        Dice::new(life.seed, life.spec.birth_year).roll(Purpose::Love, 100 + u64::from(spouse.0)).between(-14, 14);
    let target = 44 + 6 * i32::from(life.plan.family) + nature
        - (i32::from(life.health.stress) - 40).max(0) / 3
        - if life.economy.debt_days > 150 { 8 } else { 0 };
    let now = life.person(spouse).map_or(50, |person| i32::from(person.intimacy));
    let source = if life.plan.family >= 2 { "plan.family" } else { "time" };
    turn.bond(spouse, Bond::Intimacy, (target - now).clamp(-3, 3), source);
}

fn divorce(turn: &mut Turn<'_>, spouse: PersonId) -> bool {
    let intimacy = turn.life.person(spouse).map_or(50, |person| i32::from(person.intimacy));
    let closeness = match intimacy {
        ..30 => 600,
        30..45 => 260,
        45..60 => 110,
        _ => 35,
    };
    let chance = turn.likely("divorce", turn.here.society.divorce_pm.into()).times("intimacy", closeness);
    let parted = turn.happens(chance, Purpose::Love, 4);
    if parted {
        part(turn, spouse, "divorce");
        let shared = turn.life.economy.cash_days * 2 / 5;
        money::pay(turn, Entry::Divorce, -shared);
        turn.add(Score::Happiness, -9, "divorce");
        turn.add(Score::Stress, 8, "divorce");
        turn.report(News::Divorced);
    }
    parted
}

fn have_children(turn: &mut Turn<'_>, spouse: PersonId) {
    let (year, living) = (turn.life.year, turn.here.living);
    let mother_age = match turn.life.gender {
        Gender::Female => turn.life.age,
        Gender::Male => turn.life.person(spouse).map_or(0, |person| person.age_in(year)),
    };
    if !(18..=44).contains(&mother_age) {
        return;
    }
    let born = turn.life.persons.iter().filter(|person| person.relation == Relation::Child);
    let (children, last) = born.fold((0, 0), |(count, last), child| (count + 1, child.birth_year.max(last)));
    let wanted = i32::from(turn.here.society.children_tenths);
    // Spread over the years between the usual wedding and forty; few have them all, many wait between two.
    let years = 40 - i32::from(living.marriage_age.min(34));
    let chance = turn
        .likely("birth", wanted * 100 * 13 / 10 / years.max(4))
        .add("plan.family", 8 * (i32::from(turn.life.plan.family.min(6)) - 2))
        .times("last_birth", if children > 0 && year < last + 2 { 15 } else { 100 })
        .times(
            "age",
            match mother_age {
                ..36 => 100,
                36..40 => 55,
                _ => 20,
            },
        )
        .times("children", if children * 10 >= wanted + 5 { 30 } else { 100 });
    if turn.happens(chance, Purpose::Family, 1) {
        let child = meet(turn, NewPerson::newborn(Relation::Child), "birth");
        turn.add(Score::Happiness, 4, "birth");
        turn.note(format!("persons.{}.alive", child.0), Value::Absent, Value::Bool(true), "birth");
        turn.report(News::Birth);
    }
}
