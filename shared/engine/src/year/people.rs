//! The people of a life: how they come into it, age and die.

use content::{Attribute, Gender, LocalName, MAX_AGE, NameOrder, News, Relation, Schooling};

use super::money::{lives_at_home, pay};
use super::mortality::{Exposure, hazard};
use super::turn::{Bond, Score, Turn, moved};
use super::work::{self, Applicant};
use crate::content::Content;
use crate::dice::{Dice, Purpose, Roll};
use crate::life::{Entry, Life, Person, PersonId, PersonName};
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
            Relation::Child | Relation::Sibling | Relation::Grandchild => Self::newborn(relation),
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
        occupation: if age >= 18 { occupation(content, life, birth_year, gender, &mut roll) } else { None },
        intimacy: new.intimacy,
        trust: new.intimacy,
        support: new.intimacy / 2,
        settled: false,
    };
    life.persons.push(person);
    id
}

/// What somebody lives by, after the schooling usual when they were a child.
pub(super) fn occupation(
    content: &Content,
    life: &Life,
    birth_year: u16,
    gender: Gender,
    roll: &mut Roll,
) -> Option<String> {
    let region = content.region_ix(&life.place.region);
    let living = &content.world().row(region, birth_year.saturating_add(10)).living;
    let ladder = [
        (living.schooling_pct, Schooling::Primary),
        (living.secondary_pct, Schooling::Secondary),
        (living.tertiary_pct, Schooling::Tertiary),
    ];
    let climbed = ladder.into_iter().take_while(|(share, _)| u16::from(roll.percent()) < *share).last();
    let schooling = climbed.map_or(Schooling::None, |(_, level)| level);
    let applicant = Applicant { settlement: life.place.settlement, schooling, gender, skills: None };
    let local = content.world().local(content.rules(), region, life.year);
    work::find(content, local, &applicant, roll).map(|occupation| occupation.id.clone())
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

/// Everybody in the life grows a year older, or does not. Who turns one has lived through the year of birth.
pub(super) fn age_and_die(turn: &mut Turn<'_>) {
    for place in 0..turn.life.persons.len() {
        let Some(person) = turn.life.persons.get(place).filter(|person| person.is_alive()) else { continue };
        let (id, age) = (person.id, person.age_in(turn.life.year));
        let lived = if age == 1 { 0 } else { age };
        let risk = hazard(turn.content, Exposure { row: &turn.here, age: lived });
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
    turn.life.mood.sadness = moved(turn.life.mood.sadness, grief * 3);
    if relation == Relation::Spouse {
        turn.report(News::Widowed);
    }
    inherit(turn, relation);
}

/// The last of two parents leaves what there is to the children, in equal parts.
fn inherit(turn: &mut Turn<'_>, relation: Relation) {
    let life = &turn.life;
    let parent = matches!(relation, Relation::Father | Relation::Mother);
    let other = life.living(Relation::Father).chain(life.living(Relation::Mother)).next().is_some();
    if !parent || other {
        return;
    }
    if lives_at_home(life) {
        turn.add(Score::Wealth, -8, "orphaned");
        return;
    }
    let roll = turn.dice().roll(Purpose::Family, 5).between(60, 140);
    // The rich leave more than in proportion.
    let above = i64::from(home_wealth(turn) - 25).max(0);
    let estate = above * above * 9 / 10 * i64::from(roll) / 100;
    let heirs = 1 + i64::try_from(turn.life.living(Relation::Sibling).count()).unwrap_or(0);
    let share = estate / heirs;
    if share >= 10 {
        pay(turn, Entry::Inheritance, share);
        turn.report(News::Inherited);
    }
}

/// How well off the home was that the player was born into, 0-100: dealt at birth, dealt again from the same dice.
fn home_wealth(turn: &Turn<'_>) -> i32 {
    let life = &turn.life;
    crate::birth::dealt_wealth(life.seed, life.spec.birth_year).into()
}

/// Friends are mostly made young, by the outgoing more than others.
pub(super) fn make_friends(turn: &mut Turn<'_>) {
    let (age, friends) = (turn.life.age, turn.life.living(Relation::Friend).count());
    let most = 3 + usize::from(turn.life.plan.social);
    if !(5..=75).contains(&age) || friends >= most {
        return;
    }
    let life = &turn.life;
    let outgoing = i32::from(life.traits.extraversion) + i32::from(life.attributes.get(Attribute::Charisma));
    let base = if age <= 25 { 100 + outgoing } else { 25 + outgoing / 3 };
    let chance = turn.likely("friendship", base).add("plan.social", 25 * (i32::from(life.plan.social) - 1));
    if turn.happens(chance, Purpose::Friend, 0) {
        meet(turn, NewPerson::peer(Relation::Friend), "friendship");
    }
}

/// Friendships live on time given to them; so, more slowly, does everything else.
pub(super) fn keep_in_touch(turn: &mut Turn<'_>) {
    let (social, family) = (i32::from(turn.life.plan.social), i32::from(turn.life.plan.family));
    for place in 0..turn.life.persons.len() {
        let Some(person) = turn.life.persons.get(place).filter(|person| person.is_alive()) else { continue };
        let (id, now) = (person.id, i32::from(person.intimacy));
        let (target, source) = match person.relation {
            Relation::Friend => (28 + 9 * social, "plan.social"),
            Relation::Child | Relation::Father | Relation::Mother | Relation::Sibling | Relation::Grandchild => {
                (45 + 7 * family, "plan.family")
            }
            _ => continue,
        };
        let step = (target - now).clamp(-2, 1);
        if step != 0 && turn.dice().roll(Purpose::Friend, 10 + place as u64).percent() < 35 {
            turn.bond(id, Bond::Intimacy, step, source);
        }
    }
}
