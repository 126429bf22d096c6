//! A character as its player sees it: who it is and how it was dealt, not where it stands (that is `game-state`).

use engine::{Body, Content, Locale, Person, Relation, Traits};
use platform::{
    ids::{CharacterId, person_id},
    store::lives::Standing,
    view::{AttributesOut, HealthOut, PlaceOut, SkillsOut},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A character.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CharacterOut {
    character_id: CharacterId,
    /// The first life it was branched from, or itself.
    lineage_id: Uuid,
    /// The life it was branched from, or begun anew after.
    parent_character_id: Option<CharacterId>,
    /// Up to which age it shares its parent's past; null when it shares nothing.
    branched_at_age: Option<u16>,
    /// Send back as `expected_version`.
    version: i64,
    /// Times the draft was dealt anew: character-reroll.
    rerolls_used: u16,
    character_name: String,
    birth_country: String,
    birth_year: u16,
    gender: &'static str,
    ethnicity: Option<String>,
    mortality: &'static str,
    /// Counts for leaderboards; never after a branch.
    ranked: bool,
    /// `draft`, `alive` or `dead`.
    status: &'static str,
    age: u16,
    birth_place: PlaceOut,
    body: BodyOut,
    traits: TraitsOut,
    attributes: AttributesOut,
    aptitudes: SkillsOut,
    health: HealthOut,
    family: FamilyOut,
}

/// Looks (0-100) and size.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BodyOut {
    looks: u8,
    height_cm: u16,
    weight_g: u32,
}

impl From<&Body> for BodyOut {
    fn from(body: &Body) -> Self {
        Self { looks: body.looks, height_cm: body.height_cm, weight_g: body.weight_g }
    }
}

/// Temperament, 0-100.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraitsOut {
    extraversion: u8,
    optimism: u8,
    courage: u8,
}

impl From<Traits> for TraitsOut {
    fn from(traits: Traits) -> Self {
        Self { extraversion: traits.extraversion, optimism: traits.optimism, courage: traits.courage }
    }
}

/// The household one is born into.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FamilyOut {
    /// Among its neighbours, 0-100.
    wealth: u8,
    members: Vec<MemberOut>,
}

/// A relative.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberOut {
    person_id: Uuid,
    relation_type: &'static str,
    name: String,
    age: u16,
    occupation: Option<String>,
}

impl CharacterOut {
    pub(crate) fn of(content: &Content, locale: Locale, standing: &Standing) -> Self {
        let life = &standing.life;
        Self {
            character_id: standing.character_id,
            lineage_id: standing.lineage_id,
            parent_character_id: standing.parent_character_id,
            branched_at_age: standing.branched_at_age,
            version: standing.version,
            rerolls_used: standing.rerolls_used,
            character_name: life.spec.name.clone(),
            birth_country: life.spec.country.clone(),
            birth_year: life.spec.birth_year,
            gender: life.gender.as_str(),
            ethnicity: life.spec.ethnicity.clone(),
            mortality: match life.spec.mortality {
                engine::Mortality::Gentle => "gentle",
                engine::Mortality::Realistic => "realistic",
            },
            ranked: standing.is_ranked(),
            status: life.status.as_str(),
            age: life.age,
            birth_place: PlaceOut::of(content, locale, &life.place, &life.spec.country, life.spec.birth_year),
            body: (&life.body).into(),
            traits: life.traits.into(),
            attributes: life.attributes.into(),
            aptitudes: life.aptitudes.into(),
            health: HealthOut::from(&life.health),
            family: FamilyOut {
                wealth: life.family.wealth,
                members: life
                    .persons
                    .iter()
                    .filter(|person| is_family(person))
                    .map(|person| MemberOut::of(content, locale, standing, person))
                    .collect(),
            },
        }
    }
}

impl MemberOut {
    fn of(content: &Content, locale: Locale, standing: &Standing, person: &Person) -> Self {
        let occupation = person.occupation.as_deref();
        Self {
            person_id: person_id(standing.character_id, person.id.0),
            relation_type: person.relation.as_str(),
            name: person.name.full(locale),
            age: person.age_in(standing.life.year),
            occupation: occupation.map(|id| content.label(locale, "occupation", id).to_owned()),
        }
    }
}

fn is_family(person: &Person) -> bool {
    matches!(person.relation, Relation::Father | Relation::Mother | Relation::Sibling | Relation::Grandparent)
}
