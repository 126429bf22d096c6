//! What a player asks for before a life begins.

use content::Gender;
use serde::{Deserialize, Serialize};

/// The wishes; everything else is dealt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeSpec {
    /// The player's name in this life.
    pub name: String,
    /// ISO 3166-1 alpha-2 code of the country of birth.
    pub country: String,
    /// 1800-2050.
    pub birth_year: u16,
    /// Dealt if absent.
    pub gender: Option<Gender>,
    /// Told, never weighed.
    pub ethnicity: Option<String>,
    /// How readily the player dies young.
    pub mortality: Mortality,
    /// Counts for the leaderboards.
    pub ranked: bool,
    /// Sensitivities the player wants to be spared.
    pub content_filter: Vec<String>,
}

/// How readily the player dies young. Relatives are always as mortal as their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mortality {
    /// The player lives to at least five.
    #[default]
    Gentle,
    /// As the tables say.
    Realistic,
}

/// A life that cannot be dealt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// No such country or territory.
    #[error("there is no country {0}")]
    UnknownCountry(String),
    /// Before 1800 or after 2050.
    #[error("a life can begin in 1800 to 2050, not in {0}")]
    BirthYearOutOfRange(u16),
    /// Nobody was born there then.
    #[error("a life in {country} can begin in {from} to {to}")]
    CountryNotInYear {
        /// The country's code.
        country: String,
        /// First possible year.
        from: u16,
        /// Last possible year.
        to: u16,
    },
}
