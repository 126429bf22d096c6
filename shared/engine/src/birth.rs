//! Dealing a life: family, place, body, temperament, gifts.

use content::{BIRTH_YEARS, Gender, Relation, Schooling, Settlement, Stage, Terrain};

use crate::content::Content;
use crate::dice::{Dice, Purpose, Roll, Seed};
use crate::life::{
    Attributes, Body, Budget, Chronicle, Economy, Education, Family, Habits, Health, Life, LifeSpec, Mood, Place, Plan,
    Skills, SpecError, Status, Traits,
};
use crate::log::{Input, LogEntry, canonical};
use crate::year::{NewPerson, add_person, size};

/// Deals a life that has not begun: the same spec and seed always deal the same.
///
/// # Errors
/// If nobody can be born there and then.
pub fn new_life(content: &Content, spec: LifeSpec, seed: Seed) -> Result<Life, SpecError> {
    let mut life = deal_life(content, spec, seed)?;
    life.head = birth_entry(content, &life).hash;
    life.next_entry_seq = 1;
    Ok(life)
}

/// Deals a life that will have no log.
pub(crate) fn deal_life(content: &Content, spec: LifeSpec, seed: Seed) -> Result<Life, SpecError> {
    if !(BIRTH_YEARS.0..=BIRTH_YEARS.1).contains(&spec.birth_year) {
        return Err(SpecError::BirthYearOutOfRange(spec.birth_year));
    }
    let country = content.country(&spec.country).ok_or_else(|| SpecError::UnknownCountry(spec.country.clone()))?;
    if let Some((from, to)) = country.valid
        && !(from..=to).contains(&spec.birth_year)
    {
        return Err(SpecError::CountryNotInYear { country: spec.country, from, to });
    }
    Ok(deal(content, spec, seed, &country.region))
}

/// The first entry of a life's log: what was asked for and what was dealt. To be taken while the life is a draft.
#[must_use]
pub fn birth_entry(content: &Content, draft: &Life) -> LogEntry {
    let input = Input::Birth { spec: draft.spec.clone(), seed: draft.seed };
    let body = (draft.gender, &draft.place, &draft.body, &draft.traits, &draft.attributes, &draft.aptitudes);
    let dealt = canonical(&(body, &draft.health, &draft.family, &draft.persons));
    LogEntry::new(&[], 0, 0, input, content.hash(), dealt)
}

fn deal(content: &Content, spec: LifeSpec, seed: Seed, region: &str) -> Life {
    let dice = Dice::new(seed, spec.birth_year);
    let roll = |index| dice.roll(Purpose::Birth, index);
    let gender = spec.gender.unwrap_or(if roll(0).percent() < 51 { Gender::Male } else { Gender::Female });
    let stature_pm = u16::try_from(roll(1).bell(900, 1100)).unwrap_or(1000);
    let (height_cm, weight_g) = size(gender, 0, stature_pm);
    let (mut gifts, mut talents) = (roll(2), roll(3));
    let mut attributes = Attributes::default();
    content::Attribute::ALL.iter().for_each(|kind| *attributes.get_mut(*kind) = score(&mut gifts, 20, 75));
    let mut aptitudes = Skills::default();
    content::Skill::ALL.iter().for_each(|kind| *aptitudes.get_mut(*kind) = score(&mut talents, 10, 90));
    let mut temper = roll(4);
    let mut traits = Traits::default();
    content::Trait::ALL.iter().for_each(|kind| *traits.get_mut(*kind) = score(&mut temper, 5, 95));
    let wealth = dealt_wealth(seed, spec.birth_year);
    let year = spec.birth_year;
    let mut life = Life {
        place: place(content, &spec.country, region, year, &mut roll(6)),
        spec,
        seed,
        status: Status::Draft,
        age: 0,
        year,
        stage: Stage::Infancy,
        gender,
        body: Body { looks: score(&mut roll(7), 10, 95), height_cm, weight_g, stature_pm },
        traits,
        attributes,
        aptitudes,
        skills: Skills::default(),
        health: Health {
            physical: score(&mut roll(8), 60, 98),
            mental: 90,
            stress: 4,
            conditions: Vec::new(),
            risks: risks(&mut roll(9)),
        },
        happiness: 60,
        education: Education { level: Schooling::None, enrolled: None, years: 0 },
        career: None,
        retired: false,
        economy: Economy::default(),
        plan: Plan::usual(Stage::Infancy),
        habits: Habits::default(),
        budget: Budget::USUAL,
        own_plan: false,
        mood: Mood::default(),
        news: Vec::new(),
        chronicle: Chronicle::default(),
        family: Family { wealth },
        persons: Vec::new(),
        flags: std::collections::BTreeSet::new(),
        lasting: std::collections::BTreeMap::new(),
        scheduled: Vec::new(),
        history: std::collections::BTreeMap::new(),
        progress: None,
        pending: None,
        death: None,
        next_event_seq: 1,
        next_entry_seq: 0,
        head: [0; 32],
    };
    relatives(content, &mut life, dice);
    life
}

/// A score about the middle of its bounds more often than at their ends.
fn score(roll: &mut Roll, low: i32, high: i32) -> u8 {
    u8::try_from(roll.bell(low, high)).unwrap_or(50)
}

/// How well off the home is that somebody is born into, 0-100.
pub(crate) fn dealt_wealth(seed: Seed, birth_year: u16) -> u8 {
    score(&mut Dice::new(seed, birth_year).roll(Purpose::Birth, 5), 2, 85)
}

fn place(content: &Content, country: &str, region: &str, year: u16, roll: &mut Roll) -> Place {
    let urban = content.living(region, year).urban_pct;
    let in_town = u16::from(roll.percent()) < urban;
    let settlement = match (in_town, roll.percent() < 45) {
        (false, _) => Settlement::Village,
        (true, false) => Settlement::Town,
        (true, true) => Settlement::City,
    };
    let terrain = match region {
        "arctic" | "antarctica" => Terrain::Polar,
        "pacific_islands" | "caribbean" => Terrain::Island,
        "north_africa" | "west_asia" => pick(roll, &[Terrain::Desert, Terrain::Coast, Terrain::River, Terrain::Plain]),
        _ => pick(
            roll,
            &[Terrain::Plain, Terrain::Plain, Terrain::River, Terrain::Coast, Terrain::Mountain, Terrain::Forest],
        ),
    };
    Place { country: country.to_owned(), region: region.to_owned(), settlement, terrain }
}

fn pick<const N: usize>(roll: &mut Roll, among: &[Terrain; N]) -> Terrain {
    let place = usize::try_from(roll.below(N as u64)).unwrap_or(0);
    among.get(place).copied().unwrap_or(Terrain::Plain)
}

/// Illnesses that may run in the family.
fn risks(roll: &mut Roll) -> Vec<String> {
    const HEREDITARY: [(&str, u8); 8] = [
        ("heart_disease", 12),
        ("diabetes", 10),
        ("dementia", 8),
        ("cancer", 8),
        ("weak_eyes", 15),
        ("high_blood_pressure", 14),
        ("asthma", 6),
        ("kidney_disease", 3),
    ];
    HEREDITARY.iter().filter(|(_, percent)| roll.percent() < *percent).map(|(id, _)| (*id).to_owned()).collect()
}

/// Father and mother, older brothers and sisters, perhaps a grandparent.
fn relatives(content: &Content, life: &mut Life, dice: Dice) {
    let close = |relation, gender, older_by| NewPerson { relation, older_by, gender: Some(gender), intimacy: 75 };
    let mut roll = dice.roll(Purpose::Relative, 0);
    let mother_age = roll.bell(17, 40);
    let father_age = mother_age + roll.between(-2, 8);
    let years = |age: i32| (age.max(16), age.max(16));
    add_person(content, life, close(Relation::Father, Gender::Male, years(father_age)));
    add_person(content, life, close(Relation::Mother, Gender::Female, years(mother_age)));
    let large_families = content.living(&life.place.region, life.year).life_expectancy < 60;
    let most = (mother_age - 17) / if large_families { 3 } else { 7 };
    for _ in 0..roll.between(0, most.clamp(0, 6)) {
        let older_by = (1, (mother_age - 16).clamp(1, 14));
        add_person(content, life, NewPerson { relation: Relation::Sibling, older_by, gender: None, intimacy: 55 });
    }
    if roll.percent() < 55 {
        let older_by = (mother_age + 18, mother_age + 34);
        add_person(content, life, NewPerson { relation: Relation::Grandparent, older_by, gender: None, intimacy: 50 });
    }
}
