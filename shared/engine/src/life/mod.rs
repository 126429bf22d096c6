//! The whole state of one life.
//!
//! It is stored as self-describing JSON: a field added later needs a `#[serde(default)]`, so that lives begun
//! before it still read. Numbers called `0-100` never leave that range.

mod condition;
mod economy;
mod person;
mod plan;
mod spec;

use std::collections::{BTreeMap, BTreeSet};

use content::{Attribute, Gender, Mode, News, Relation, Settlement, Skill, Stage, Terrain, Tier, Trait};
use serde::{Deserialize, Serialize};

pub use condition::{Ailment, Body, Career, Chronicle, Death, Education, Family, Health, Mood};
pub use economy::{Asset, Economy, Entry, Posting};
pub use person::{Person, PersonId, PersonName, PersonSnapshot};
pub use plan::{Budget, Dose, GROWN_AGE, Habits, Plan, PlanIssue, PlanRule, Standing, WORKING_AGE, plan_issues};
pub use spec::{LifeSpec, Mortality, SpecError};

use crate::dice::Seed;
use crate::log::hex_hash;
use crate::record::PendingDecision;

/// One life, from draft to death.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// What the player asked for.
    pub spec: LifeSpec,
    /// What decides everything the player does not.
    pub seed: Seed,
    /// Dealt, living or over.
    pub status: Status,
    /// Full years lived.
    pub age: u16,
    /// Calendar year.
    pub year: u16,
    /// Part of life.
    pub stage: Stage,
    /// As asked for, or as dealt.
    pub gender: Gender,
    /// Where home is.
    pub place: Place,
    /// Looks and size.
    pub body: Body,
    /// Temperament, 0-100.
    pub traits: Traits,
    /// 0-100.
    pub attributes: Attributes,
    /// How easily each skill comes, 0-100.
    pub aptitudes: Skills,
    /// 0-100.
    pub skills: Skills,
    /// Body, mind and what ails them.
    pub health: Health,
    /// 0-100.
    pub happiness: u8,
    /// Schooling.
    pub education: Education,
    /// Present occupation.
    pub career: Option<Career>,
    /// Has retired.
    pub retired: bool,
    /// Money and possessions.
    pub economy: Economy,
    /// Where the player's effort goes.
    pub plan: Plan,
    /// How the player lives.
    #[serde(default)]
    pub habits: Habits,
    /// What the player's money is for.
    #[serde(default)]
    pub budget: Budget,
    /// The player has set the plan; it stands until it is changed.
    #[serde(default)]
    pub own_plan: bool,
    /// How it feels.
    #[serde(default)]
    pub mood: Mood,
    /// What the ordinary rules of this year brought.
    #[serde(default)]
    pub news: Vec<News>,
    /// What is kept of the years.
    #[serde(default)]
    pub chronicle: Chronicle,
    /// The household.
    pub family: Family,
    /// Everybody met, living or dead; a person's id is its place here.
    pub persons: Vec<Person>,
    /// What events remember.
    pub flags: BTreeSet<String>,
    /// Lasting effects under way, with the last year of each.
    pub lasting: BTreeMap<String, u16>,
    /// Events that may still follow from earlier ones.
    pub scheduled: Vec<Scheduled>,
    /// Which events have happened, how often and when last.
    pub history: BTreeMap<String, Seen>,
    /// The year under way, if a decision has interrupted it.
    pub progress: Option<Progress>,
    /// The decision waited for: at most one.
    pub pending: Option<PendingDecision>,
    /// How it ended.
    pub death: Option<Death>,
    /// Number of the next event.
    pub next_event_seq: u32,
    /// Number of the next log entry.
    pub next_entry_seq: u32,
    /// Hash of the last log entry.
    #[serde(with = "hex_hash")]
    pub head: [u8; 32],
}

/// Where a life stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Dealt, not begun.
    Draft,
    /// Under way.
    Alive,
    /// Over.
    Dead,
}

impl Status {
    /// The word clients and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Alive => "alive",
            Self::Dead => "dead",
        }
    }
}

/// Where home is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// ISO 3166-1 alpha-2 code of the country.
    pub country: String,
    /// Region id.
    pub region: String,
    /// Village, town or city.
    pub settlement: Settlement,
    /// The land around.
    pub terrain: Terrain,
}

/// Declares a struct with one 0-100 number for each variant of a vocabulary.
macro_rules! scores {
    ($(#[$meta:meta])* $name:ident by $kind:ident { $($field:ident = $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            $(#[doc = concat!("0-100: ", stringify!($field))] pub $field: u8),+
        }

        impl $name {
            /// The number of that kind.
            #[must_use]
            pub const fn get(&self, kind: $kind) -> u8 {
                match kind { $($kind::$variant => self.$field),+ }
            }

            /// The number of that kind, to be changed.
            pub const fn get_mut(&mut self, kind: $kind) -> &mut u8 {
                match kind { $($kind::$variant => &mut self.$field),+ }
            }
        }
    };
}

scores! {
    /// Temperament.
    Traits by Trait { extraversion = Extraversion, optimism = Optimism, courage = Courage }
}
scores! {
    /// What a person is born with and grows.
    Attributes by Attribute {
        intelligence = Intelligence, constitution = Constitution, charisma = Charisma,
        willpower = Willpower, creativity = Creativity,
    }
}
scores! {
    /// What a person learns, or how easily it is learnt.
    Skills by Skill { academic = Academic, social = Social, athletic = Athletic, artistic = Artistic, business = Business }
}

/// How often an event has happened, and when last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Times.
    pub count: u16,
    /// Calendar year of the last time.
    pub last_year: u16,
}

/// An event that may follow from an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// The event that may happen.
    pub event: String,
    /// Calendar year from which it may.
    pub due_year: u16,
    /// Id of the event whose chain this is.
    pub from: String,
    /// Place among that event's chains.
    pub chain: u8,
    /// Number of the event that started it.
    pub caused_by_seq: u32,
    /// Who stood in the slots of the event that started it.
    pub people: BTreeMap<String, PersonId>,
}

/// A year that is not over yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How the year is lived.
    pub mode: Mode,
    /// The tier now considered.
    pub tier: Tier,
    /// Random draws still to come.
    pub draws_left: u8,
    /// Events so far.
    pub happened: u8,
    /// A milestone has happened.
    pub milestone: bool,
    /// Quotas used up.
    pub quotas: Vec<String>,
    /// Exclusive groups used up.
    pub groups: Vec<String>,
}

impl Life {
    /// The person with this id.
    #[must_use]
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.persons.get(id.0 as usize)
    }

    /// The living spouse.
    #[must_use]
    pub fn spouse(&self) -> Option<&Person> {
        self.living(Relation::Spouse).next()
    }

    /// Living people who stand in that relation.
    pub fn living(&self, relation: Relation) -> impl Iterator<Item = &Person> {
        self.persons.iter().filter(move |person| person.relation == relation && person.is_alive())
    }
}
