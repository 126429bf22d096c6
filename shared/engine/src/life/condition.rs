//! The parts of a life's state: body, health, schooling, work, money, effort, household, death.

use content::{AssetKind, Schooling};
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
}

/// Money, in days of the local median wage: the same sum buys the same in 1820 and 2020.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Economy {
    /// Cash.
    pub cash_days: i64,
    /// Earned last year.
    pub income_days: i64,
    /// Spent on living last year.
    pub expenses_days: i64,
    /// Possessions that keep their worth.
    pub assets: Vec<Asset>,
    /// Owed.
    pub debt_days: i64,
}

impl Economy {
    /// Everything owned less everything owed.
    #[must_use]
    pub fn net_worth_days(&self) -> i64 {
        self.cash_days + self.assets.iter().map(|asset| asset.worth_days).sum::<i64>() - self.debt_days
    }
}

/// A possession.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// What it is.
    pub kind: AssetKind,
    /// What it is worth.
    pub worth_days: i64,
}

/// Where a year's effort goes: ten points of energy at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Plan {
    pub study: u8,
    pub work: u8,
    pub exercise: u8,
    pub art: u8,
    pub social: u8,
    pub family: u8,
    pub rest: u8,
}

impl Plan {
    /// The energy of a year.
    pub const ENERGY: u8 = 10;

    /// Energy not planned for.
    #[must_use]
    pub const fn energy_left(self) -> u8 {
        let used = self.study + self.work + self.exercise + self.art + self.social + self.family + self.rest;
        Self::ENERGY.saturating_sub(used)
    }
}

/// The household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// How well off it is among its neighbours, 0-100.
    pub wealth: u8,
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
