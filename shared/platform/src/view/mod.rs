//! What more than one domain shows of a life: public projections of the engine's state.

mod begun;
mod decision;
mod event;
mod save;
mod state;

pub use begun::BegunOut;
pub use decision::{DecisionOut, OddsOut, OptionOut, RequirementOut};
pub use event::{ChangeOut, DecidedOut, EventOut};
pub use save::SaveOut;
pub use state::{
    AssetOut, BudgetOut, CareerOut, DeathOut, EconomyOut, EducationOut, HabitsOut, PlanOut, RelationOut, StateOut,
};

use chrono::{DateTime, Utc};
use engine::{Attributes, Content, Health, Locale, Skills};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::achievements::Unlock;

/// Where home is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceOut {
    /// ISO 3166-1 alpha-2.
    country: String,
    /// The country by the name of its time.
    name: String,
    settlement: &'static str,
    terrain: &'static str,
}

impl PlaceOut {
    /// A place as it was called in `year`. `country` is where the life is lived or was born.
    pub fn of(content: &Content, locale: Locale, place: &engine::Place, country: &str, year: u16) -> Self {
        let name = content.country(country).map_or(country, |country| country.name_in(year).get(locale));
        Self {
            country: country.to_owned(),
            name: name.to_owned(),
            settlement: place.settlement.as_str(),
            terrain: place.terrain.as_str(),
        }
    }
}

/// An achievement that has been reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnlockedOut {
    achievement_id: String,
    title: String,
    /// What it took.
    description: String,
    /// `career`, `family`, `social`, `personal`, `wealth` or `special`; null where it is none any more.
    category: Option<&'static str>,
    /// `common`, `rare`, `epic` or `legendary`; null where it is none any more.
    rarity: Option<&'static str>,
    points: u16,
    /// Full years lived then.
    age: u16,
    unlocked_at: DateTime<Utc>,
}

impl UnlockedOut {
    /// What was reached, told in that language.
    pub fn of(content: &Content, locale: Locale, unlock: &Unlock) -> Self {
        let achievement = content.achievement(&unlock.achievement_id);
        let (title, description) = content.achievement_words(locale, &unlock.achievement_id);
        Self {
            achievement_id: unlock.achievement_id.clone(),
            title: title.to_owned(),
            description: description.to_owned(),
            category: achievement.map(|it| it.category.as_str()),
            rarity: achievement.map(|it| it.rarity.as_str()),
            points: unlock.points,
            age: unlock.age,
            unlocked_at: unlock.unlocked_at,
        }
    }
}

/// Gifts, 0-100.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttributesOut {
    intelligence: u8,
    constitution: u8,
    charisma: u8,
    willpower: u8,
    creativity: u8,
}

impl From<Attributes> for AttributesOut {
    fn from(attributes: Attributes) -> Self {
        let Attributes { intelligence, constitution, charisma, willpower, creativity } = attributes;
        Self { intelligence, constitution, charisma, willpower, creativity }
    }
}

/// What is learnt, or how easily, 0-100.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkillsOut {
    academic: u8,
    social: u8,
    athletic: u8,
    artistic: u8,
    business: u8,
}

impl From<Skills> for SkillsOut {
    fn from(skills: Skills) -> Self {
        let Skills { academic, social, athletic, artistic, business } = skills;
        Self { academic, social, athletic, artistic, business }
    }
}

/// Body and mind, 0-100 each, and what ails them.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthOut {
    physical: u8,
    mental: u8,
    stress: u8,
    /// Present illnesses and injuries.
    conditions: Vec<String>,
    /// Illnesses that run in the family.
    risks: Vec<String>,
}

impl From<&Health> for HealthOut {
    fn from(health: &Health) -> Self {
        Self {
            physical: health.physical,
            mental: health.mental,
            stress: health.stress,
            conditions: health.conditions.iter().map(|ailment| ailment.id.clone()).collect(),
            risks: health.risks.clone(),
        }
    }
}
