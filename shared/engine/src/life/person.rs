//! The people of a life.

use content::{Gender, LocalName, Locale, NameOrder, Relation};
use serde::{Deserialize, Serialize};

/// A person's place among [`super::Life::persons`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PersonId(pub u32);

/// Somebody in a life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Place among the persons of the life.
    pub id: PersonId,
    /// Who this is to the player.
    pub relation: Relation,
    /// Name.
    pub name: PersonName,
    /// Gender.
    pub gender: Gender,
    /// Calendar year.
    pub birth_year: u16,
    /// Calendar year, once dead.
    pub death_year: Option<u16>,
    /// Occupation id.
    pub occupation: Option<String>,
    /// 0-100.
    pub intimacy: u8,
    /// 0-100.
    pub trust: u8,
    /// 0-100.
    pub support: u8,
    /// Lives with somebody of their own.
    #[serde(default)]
    pub settled: bool,
}

impl Person {
    /// Still living.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        self.death_year.is_none()
    }

    /// Full years lived by that year, or by death.
    #[must_use]
    pub fn age_in(&self, year: u16) -> u16 {
        self.death_year.unwrap_or(year).saturating_sub(self.birth_year)
    }

    /// What an event's telling needs to know of the person.
    #[must_use]
    pub fn snapshot(&self) -> PersonSnapshot {
        PersonSnapshot { person_id: self.id, name: self.name.clone(), gender: self.gender, relation: self.relation }
    }
}

/// A name, ready to be read in any language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName {
    /// Empty where people have none.
    pub family: LocalName,
    /// Given name.
    pub given: LocalName,
    /// How the parts are put together.
    pub order: NameOrder,
}

impl PersonName {
    /// The full name as this language writes it.
    #[must_use]
    pub fn full(&self, locale: Locale) -> String {
        let (family, given) = (self.family.get(locale), self.given.get(locale));
        if family.is_empty() {
            return given.to_owned();
        }
        match (locale, self.order) {
            (Locale::ZhCn, NameOrder::FamilyGiven) => format!("{family}{given}"),
            (Locale::ZhCn, NameOrder::GivenFamily) => format!("{given}·{family}"),
            (Locale::En, NameOrder::FamilyGiven) => format!("{family} {given}"),
            (Locale::En, NameOrder::GivenFamily) => format!("{given} {family}"),
        }
    }

    /// The name used in a story: the given name, or the full one where that is the custom.
    #[must_use]
    pub fn familiar(&self, locale: Locale) -> String {
        match self.order {
            NameOrder::FamilyGiven => self.full(locale),
            NameOrder::GivenFamily => self.given.get(locale).to_owned(),
        }
    }
}

/// A person as an event saw them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSnapshot {
    /// Who.
    pub person_id: PersonId,
    /// What they were called.
    pub name: PersonName,
    /// For pronouns.
    pub gender: Gender,
    /// Who they were to the player then.
    pub relation: Relation,
}
