//! The lives beside one's own: children and brothers and sisters find work, somebody to live with, have children.

use content::{News, Relation};

use super::people::{self, NewPerson, meet};
use super::turn::Turn;
use crate::dice::Purpose;
use crate::record::Value;

/// Grandchildren beyond these are not told one by one.
const MOST_GRANDCHILDREN: usize = 6;

/// A year of the lives beside one's own.
pub(super) fn year(turn: &mut Turn<'_>) {
    for place in 0..turn.life.persons.len() {
        let Some(person) = turn.life.persons.get(place) else { continue };
        let kin =
            matches!(person.relation, Relation::Child | Relation::Sibling | Relation::Grandchild | Relation::Friend);
        if !kin || !person.is_alive() {
            continue;
        }
        let age = person.age_in(turn.life.year);
        match age {
            18..=24 if person.occupation.is_none() => find_work(turn, place),
            20..=45 if matches!(person.relation, Relation::Child | Relation::Sibling) => settle(turn, place, age),
            70.. if person.occupation.is_some() => turn.life.persons[place].occupation = None,
            _ => {}
        }
    }
}

fn find_work(turn: &mut Turn<'_>, place: usize) {
    let mut roll = turn.dice().roll(Purpose::Kin, 1000 + place as u64);
    if roll.percent() >= 45 {
        return;
    }
    let Some(person) = turn.life.persons.get(place) else { return };
    let (birth_year, gender) = (person.birth_year, person.gender);
    let found = people::occupation(turn.content, &turn.life, birth_year, gender, &mut roll);
    if let Some(person) = turn.life.persons.get_mut(place) {
        let name = found.clone();
        person.occupation = found;
        turn.note(format!("persons.{place}.occupation"), Value::Absent, name.as_deref().into(), "work");
    }
}

fn settle(turn: &mut Turn<'_>, place: usize, age: u16) {
    let Some(person) = turn.life.persons.get(place) else { return };
    let (settled, relation) = (person.settled, person.relation);
    let mut roll = turn.dice().roll(Purpose::Kin, 2000 + place as u64);
    if !settled {
        let off_season = age.abs_diff(turn.here.living.marriage_age);
        if roll.percent() < u8::try_from(18_u16.saturating_sub(off_season).max(2)).unwrap_or(2) {
            turn.life.persons[place].settled = true;
            turn.note(format!("persons.{place}.settled"), Value::Bool(false), Value::Bool(true), "marriage");
            if relation == Relation::Child {
                turn.report(News::ChildMarried);
            }
        }
        return;
    }
    let grandchildren = turn.life.persons.iter().filter(|person| person.relation == Relation::Grandchild).count();
    let wanted = u64::try_from(turn.here.society.children_tenths).unwrap_or(20);
    if relation == Relation::Child && age <= 40 && grandchildren < MOST_GRANDCHILDREN && roll.chance(wanted, 200) {
        meet(turn, NewPerson { intimacy: 55, ..NewPerson::newborn(Relation::Grandchild) }, "birth");
        turn.report(News::Grandchild);
    }
}
