//! Achievements: what a life may come to that is worth a name.

use serde::{Deserialize, Serialize};

use super::{AchievementCategory, Cond, Num, Rarity};

/// Something worth a name, reached once in a life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Achievement {
    /// Stable name.
    pub id: String,
    /// Which part of a life it is about.
    pub category: AchievementCategory,
    /// How few lives reach it; so many points it is worth.
    pub rarity: Rarity,
    /// Not told of before it is reached.
    pub hidden: bool,
    /// What must hold, all at once, at the end of a year.
    pub when: Vec<Cond>,
    /// What must have grown so far.
    pub reach: Option<Reach>,
}

/// A number and how far it has to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// What grows.
    pub of: Num,
    /// From here on it is enough; 1 or more.
    pub target: i32,
}

impl Rarity {
    /// What an achievement of that rarity is worth.
    #[must_use]
    pub const fn points(self) -> u16 {
        match self {
            Self::Common => 10,
            Self::Rare => 25,
            Self::Epic => 60,
            Self::Legendary => 150,
        }
    }

    /// The rarity of what so many of 100,000 simulated lives reach: common from 20 %, rare from 5 %, epic from 1 %.
    #[must_use]
    pub const fn of_share(per_100k: u64) -> Self {
        match per_100k {
            20_000.. => Self::Common,
            5_000.. => Self::Rare,
            1_000.. => Self::Epic,
            _ => Self::Legendary,
        }
    }
}
