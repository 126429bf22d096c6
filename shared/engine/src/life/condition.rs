//! The parts of a life's state: body, health, schooling, work, money, effort, household, death.

use content::Schooling;
use serde::{Deserialize, Serialize};

/// Looks and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// 0-100.
    pub looks: u8,
    /// Centimetres.
    pub height_cm: u16,
    /// Grams.
    pub weight_g: u32,
    /// Height for the age, per mille of the usual.
    pub stature_pm: u16,
}

/// Body, mind and what ails them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// 0-100.
    pub physical: u8,
    /// 0-100.
    pub mental: u8,
    /// 0-100.
    pub stress: u8,
    /// Present illnesses and injuries.
    pub conditions: Vec<Ailment>,
    /// Illnesses that run in the family.
    pub risks: Vec<String>,
}

/// An illness under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ailment {
    /// Which.
    pub id: String,
    /// Calendar year it began.
    pub since: u16,
    /// Under treatment this year.
    #[serde(default)]
    pub treated: bool,
}

/// Schooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Education {
    /// Highest level completed.
    pub level: Schooling,
    /// Level attended now.
    pub enrolled: Option<Schooling>,
    /// Years in the level attended.
    pub years: u8,
}

/// An occupation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Career {
    /// Which.
    pub id: String,
    /// Full years in it.
    pub years: u16,
    /// How often promoted in it, 0-4.
    #[serde(default)]
    pub rank: u8,
    /// Full years since the last promotion.
    #[serde(default)]
    pub rank_years: u16,
    /// Calendar year in which a term of service ends.
    #[serde(default)]
    pub until: Option<u16>,
}

impl Career {
    /// The first day in an occupation.
    #[must_use]
    pub fn begun(id: &str) -> Self {
        Self { id: id.to_owned(), years: 0, rank: 0, rank_years: 0, until: None }
    }
}

/// The household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// How well off it is among its neighbours, 0-100.
    pub wealth: u8,
}

/// How one feels, each 0-100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mood {
    pub joy: u8,
    pub sadness: u8,
    pub anxiety: u8,
    pub anger: u8,
}

impl Default for Mood {
    fn default() -> Self {
        Self { joy: 55, sadness: 10, anxiety: 10, anger: 8 }
    }
}

/// What is kept of the years for the summary of a life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chronicle {
    /// Most ever owned less owed, in days of the local median wage.
    pub peak_worth_days: i64,
    /// Full years at work.
    pub years_worked: u16,
    /// Full years married.
    pub years_married: u16,
    /// Sum over the years of [`super::Life::happiness`].
    pub happiness_years: u32,
    /// Highest rank held in any occupation, 0-4.
    pub best_rank: u8,
    /// Highest pay held, percent of the local median wage.
    pub best_pay_pct: u16,
    /// Occupations held.
    pub jobs: u16,
    /// Weddings.
    pub weddings: u8,
    /// Countries lived in besides that of birth.
    pub countries: u8,
    /// Given away, in days of the local median wage.
    pub given_days: i64,
    /// The last full year's wage before retiring, from which the pension is reckoned.
    pub last_wage_days: i64,
}

/// How a life ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Death {
    /// Full years lived.
    pub age: u16,
    /// Calendar year.
    pub year: u16,
    /// Cause id.
    pub cause: String,
}
