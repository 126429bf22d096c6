//! The people of a life: how they come into it, age and die.

use content::{Attribute, Gender, LocalName, MAX_AGE, NameOrder, Relation, Schooling};

use super::mortality::{Exposure, hazard};
use super::turn::{Score, Turn};
use super::work::{self, Applicant};
use crate::content::Content;
use crate::dice::{Dice, Purpose, Roll};
use crate::life::{Life, Person, PersonId, PersonName};
use crate::record::Value;

/// Somebody about to come into a life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPerson {
    pub(crate) relation: Relation,
    /// Years older than the player, at least and at most.
    pub(crate) older_by: (i32, i32),
    /// Fixed for fathers and mothers.
    pub(crate) gender: Option<Gender>,
    /// How close at first.
    pub(crate) intimacy: u8,
}

impl NewPerson {
    /// Somebody of about the player's age.
    pub(crate) const fn peer(relation: Relation) -> Self {
        let intimacy = match relation {
            Relation::Spouse | Relation::Lover => 65,
            Relation::Friend => 45,
            _ => 30,
        };
        Self { relation, older_by: (-2, 3), gender: None, intimacy }
    }

    /// Somebody born this year.
    pub(crate) const fn newborn(relation: Relation) -> Self {
        Self { relation, older_by: (-200, -200), gender: None, intimacy: 70 }
    }

    /// Somebody as that relation usually is.
    pub(crate) const fn usual(relation: Relation) -> Self {
        match relation {
            // Older brothers and sisters are dealt at birth; those who come later are born later.
            Relation::Child | Relation::Sibling => Self::newborn(relation),
            Relation::Teacher | Relation::Mentor => Self { older_by: (12, 35), ..Self::peer(relation) },
            Relation::Colleague | Relation::Neighbor | Relation::Relative => {
                Self { older_by: (-8, 20), ..Self::peer(relation) }
            }
            Relation::Father | Relation::Mother => Self { older_by: (20, 38), ..Self::peer(relation) },
            Relation::Grandparent => Self { older_by: (42, 70), ..Self::peer(relation) },
            _ => Self::peer(relation),
        }
    }
}

/// Brings somebody new into the life being lived.
pub(crate) fn meet(turn: &mut Turn<'_>, new: NewPerson, source: &str) -> PersonId {
    let id = add_person(turn.content, &mut turn.life, new);
    turn.note(format!("persons.{}.relation", id.0), Value::Absent, Some(new.relation.as_str()).into(), source);
    id
}

/// Adds somebody to a life, noted by nobody: for the family one is born into.
pub(crate) fn add_person(content: &Content, life: &mut Life, new: NewPerson) -> PersonId {
    let id = PersonId(u32::try_from(life.persons.len()).unwrap_or(u32::MAX));
    let mut roll = Dice::new(life.seed, life.year).roll(Purpose::Person, id.0.into());
    let gender = new.gender.unwrap_or(match new.relation {
        Relation::Spouse | Relation::Lover => opposite(life.gender),
        _ => any_gender(&mut roll),
    });
    let age = (i32::from(life.age) + roll.between(new.older_by.0, new.older_by.1)).clamp(0, i32::from(MAX_AGE) - 20);
    let age = match new.relation {
        Relation::Spouse | Relation::Lover if life.age >= 18 => age.max(18),
        Relation::Spouse | Relation::Lover => life.age.into(),
        _ => age,
    };
    let birth_year = life.year.saturating_sub(u16::try_from(age).unwrap_or(0));
    let person = Person {
        id,
        relation: new.relation,
        name: name(content, life, new.relation, gender, &mut roll),
        gender,
        birth_year,
        death_year: None,
        occupation: if age >= 18 { occupation(content, life, birth_year, &mut roll) } else { None },
        intimacy: new.intimacy,
        trust: new.intimacy,
        support: new.intimacy / 2,
    };
    life.persons.push(person);
    id
}

/// What somebody lives by, after the schooling usual when they were a child.
fn occupation(content: &Content, life: &Life, birth_year: u16, roll: &mut Roll) -> Option<String> {
    let living = content.living(&life.place.region, birth_year + 10);
    let ladder = [
        (living.schooling_pct, Schooling::Primary),
        (living.secondary_pct, Schooling::Secondary),
        (living.tertiary_pct, Schooling::Tertiary),
    ];
    let climbed = ladder.into_iter().take_while(|(share, _)| u16::from(roll.percent()) < *share).last();
    let schooling = climbed.map_or(Schooling::None, |(_, level)| level);
    let applicant = Applicant { settlement: life.place.settlement, year: life.year, schooling };
    work::find(content, applicant, roll).map(|occupation| occupation.id.clone())
}

fn any_gender(roll: &mut Roll) -> Gender {
    if roll.percent() < 51 { Gender::Male } else { Gender::Female }
}

const fn opposite(gender: Gender) -> Gender {
    match gender {
        Gender::Female => Gender::Male,
        Gender::Male => Gender::Female,
    }
}

/// A name of the place; kin by blood share the father's family name.
fn name(content: &Content, life: &Life, relation: Relation, gender: Gender, roll: &mut Roll) -> PersonName {
    let Some(pool) = content.name_pool(&life.place.country, &life.place.region) else {
        return PersonName { family: LocalName::default(), given: LocalName::default(), order: NameOrder::GivenFamily };
    };
    let kin = matches!(relation, Relation::Sibling | Relation::Child | Relation::Father | Relation::Grandparent);
    let father = life.persons.iter().find(|person| person.relation == Relation::Father);
    let mut pick = |names: &[LocalName]| {
        let place = usize::try_from(roll.below(names.len() as u64)).unwrap_or(0);
        names.get(place).cloned().unwrap_or_default()
    };
    let family = match father {
        Some(father) if kin => father.name.family.clone(),
        _ => pick(&pool.family),
    };
    let given_names = match gender {
        Gender::Female => &pool.female,
        Gender::Male => &pool.male,
    };
    let taken = |name: &LocalName| life.persons.iter().any(|person| person.name.given == *name);
    let mut given = pick(given_names);
    // A second try keeps namesakes in one life rare; a third would not be missed.
    if taken(&given) {
        given = pick(given_names);
    }
    PersonName { family, given, order: pool.order }
}

/// Everybody in the life grows a year older, or does not.
pub(super) fn age_and_die(turn: &mut Turn<'_>) {
    let living: Vec<PersonId> =
        turn.life.persons.iter().filter(|person| person.is_alive()).map(|person| person.id).collect();
    for id in living {
        let Some(person) = turn.life.person(id) else { continue };
        let age = person.age_in(turn.life.year);
        let exposure = Exposure { region: &turn.life.place.region, year: turn.life.year, age };
        let risk = hazard(turn.content, exposure);
        if age >= MAX_AGE || turn.dice().roll(Purpose::RelativeDeath, id.0.into()).chance(risk, 100_000) {
            bury(turn, id, "mortality");
        }
    }
}

/// Somebody dies, and is missed.
pub(super) fn bury(turn: &mut Turn<'_>, id: PersonId, source: &str) {
    let year = turn.life.year;
    let Some(person) = turn.life.persons.get_mut(id.0 as usize).filter(|person| person.is_alive()) else { return };
    person.death_year = Some(year);
    let (relation, closeness) = (person.relation, i32::from(person.intimacy));
    turn.note(format!("persons.{}.alive", id.0), Value::Bool(true), Value::Bool(false), source);
    let grief = match relation {
        Relation::Spouse | Relation::Child | Relation::Father | Relation::Mother => closeness / 8,
        Relation::Sibling | Relation::Lover | Relation::Friend | Relation::Grandparent => closeness / 15,
        _ => 0,
    };
    turn.add(Score::Happiness, -grief, "grief");
    turn.add(Score::Stress, grief / 2, "grief");
}

/// Friends are mostly made young, by the outgoing more than others.
pub(super) fn make_friends(turn: &mut Turn<'_>) {
    let (age, friends) = (turn.life.age, turn.life.living(Relation::Friend).count());
    if !(5..=70).contains(&age) || friends >= 5 {
        return;
    }
    let outgoing = u64::from(turn.life.traits.extraversion) + u64::from(turn.life.attributes.get(Attribute::Charisma));
    let chance = if age <= 25 { 12 + outgoing / 8 } else { 3 + outgoing / 30 };
    if turn.dice().roll(Purpose::Friend, 0).chance(chance, 100) {
        meet(turn, NewPerson::peer(Relation::Friend), "friendship");
    }
}
