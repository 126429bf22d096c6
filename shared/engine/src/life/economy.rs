//! Money: what is owned and owed, and where a year's money came from and went.

use content::AssetKind;
use serde::{Deserialize, Serialize};

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
    /// Everything that moved the net worth this year: its sum is the change of [`Economy::net_worth_days`].
    #[serde(default)]
    pub ledger: Vec<Posting>,
}

impl Economy {
    /// Everything owned less everything owed.
    #[must_use]
    pub fn net_worth_days(&self) -> i64 {
        self.cash_days + self.assets.iter().map(|asset| asset.worth_days).sum::<i64>() - self.debt_days
    }

    /// What a kind of possession is worth.
    #[must_use]
    pub fn worth_of(&self, kind: AssetKind) -> i64 {
        self.assets.iter().find(|asset| asset.kind == kind).map_or(0, |asset| asset.worth_days)
    }

    /// Writes an amount into the year's ledger.
    pub(crate) fn enter(&mut self, what: Entry, days: i64) {
        if days == 0 {
            return;
        }
        match self.ledger.iter_mut().find(|posting| posting.what == what) {
            Some(posting) => posting.days += days,
            None => self.ledger.push(Posting { what, days }),
        }
    }

    /// Cash comes or goes; what cash does not cover is owed, what comes first pays debt.
    pub(crate) fn post(&mut self, what: Entry, days: i64) {
        self.enter(what, days);
        let balance = self.cash_days - self.debt_days + days;
        self.cash_days = balance.max(0);
        self.debt_days = (-balance).max(0);
    }

    /// The household's needs of a year go.
    pub(crate) fn enter_needs(&mut self, days: i64) {
        self.post(Entry::Needs, -days);
        self.expenses_days = days;
    }

    /// Sets what a possession is worth, without moving cash; nothing is kept of what is worth nothing.
    pub(crate) fn set_worth(&mut self, kind: AssetKind, days: i64) {
        self.assets.retain(|asset| asset.kind != kind || days > 0);
        match self.assets.iter_mut().find(|asset| asset.kind == kind) {
            Some(asset) => asset.worth_days = days,
            None if days > 0 => self.assets.push(Asset { kind, worth_days: days }),
            None => {}
        }
    }

    /// Buys (or, if negative, sells) a possession for what it is worth.
    pub(crate) fn trade(&mut self, kind: AssetKind, days: i64) {
        let worth = self.worth_of(kind);
        let days = days.clamp(-worth, self.cash_days.max(0));
        self.set_worth(kind, worth + days);
        let balance = self.cash_days - self.debt_days - days;
        self.cash_days = balance.max(0);
        self.debt_days = (-balance).max(0);
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

/// A line of a year's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// What it was for.
    pub what: Entry,
    /// Days of the local median wage; spending is negative.
    pub days: i64,
}

/// What money came from or went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Entry {
    Wage,
    Partner,
    Pension,
    Dole,
    Family,
    Returns,
    Inheritance,
    Event,
    Tax,
    Needs,
    Comfort,
    Education,
    Health,
    Leisure,
    Gifts,
    Interest,
    Theft,
    Divorce,
    Moving,
    Exchange,
    WrittenOff,
}
