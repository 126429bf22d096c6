//! The standing plan: where a year's effort goes, how one lives, what the money is for. It stands until the
//! player changes it; a life without one follows what is usual at its age.

use content::{Effort, Habit, Stage};
use serde::{Deserialize, Serialize};

use super::{Life, Status};

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

    /// The points given to something.
    #[must_use]
    pub const fn get(self, effort: Effort) -> u8 {
        match effort {
            Effort::Study => self.study,
            Effort::Work => self.work,
            Effort::Exercise => self.exercise,
            Effort::Art => self.art,
            Effort::Social => self.social,
            Effort::Family => self.family,
            Effort::Rest => self.rest,
        }
    }

    /// Energy planned for.
    fn used(self) -> u32 {
        Effort::ALL.iter().map(|effort| u32::from(self.get(*effort))).sum()
    }

    /// Energy not planned for.
    #[must_use]
    pub fn energy_left(self) -> u8 {
        u8::try_from(u32::from(Self::ENERGY).saturating_sub(self.used())).unwrap_or(0)
    }

    /// The plan a stage of life suggests.
    #[must_use]
    pub const fn usual(stage: Stage) -> Self {
        match stage {
            Stage::Infancy => Self { study: 0, work: 0, exercise: 2, art: 0, social: 1, family: 4, rest: 3 },
            Stage::Childhood => Self { study: 3, work: 0, exercise: 2, art: 1, social: 1, family: 2, rest: 1 },
            Stage::Adolescence => Self { study: 4, work: 0, exercise: 1, art: 1, social: 2, family: 1, rest: 1 },
            Stage::Youth => Self { study: 1, work: 4, exercise: 1, art: 0, social: 2, family: 1, rest: 1 },
            Stage::MiddleAge => Self { study: 0, work: 4, exercise: 1, art: 0, social: 1, family: 3, rest: 1 },
            Stage::OldAge => Self { study: 0, work: 1, exercise: 1, art: 1, social: 2, family: 3, rest: 2 },
        }
    }
}

/// How far a habit goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Dose {
    None,
    Little,
    #[default]
    Moderate,
    Much,
}

impl Dose {
    /// The word clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Little => "little",
            Self::Moderate => "moderate",
            Self::Much => "much",
        }
    }
}

/// How one lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habits {
    /// `little` is under six hours, `much` over nine; nobody does without.
    pub sleep: Dose,
    /// `little` is poor and scant, `moderate` plain, `much` rich; nobody does without.
    pub diet: Dose,
    /// Moving for its own sake.
    pub exercise: Dose,
    /// Alcohol.
    pub drink: Dose,
    /// Tobacco.
    pub smoke: Dose,
}

impl Habits {
    /// How far a habit goes, 0 (none) to 3 (much).
    #[must_use]
    pub const fn level(self, habit: Habit) -> u8 {
        let dose = match habit {
            Habit::Sleep => self.sleep,
            Habit::Diet => self.diet,
            Habit::Exercise => self.exercise,
            Habit::Drink => self.drink,
            Habit::Smoke => self.smoke,
        };
        dose as u8
    }

    /// How somebody lives who has not thought about it: as their will, their bent and their time have it.
    #[must_use]
    pub fn usual(life: &Life) -> Self {
        let (adult, will) = (life.age >= 18, life.attributes.willpower);
        let tobacco_years = (1890..=1995).contains(&life.year) && life.gender == content::Gender::Male;
        let exercise = if life.age < 13 || life.aptitudes.athletic >= 60 { Dose::Moderate } else { Dose::Little };
        Self {
            sleep: Dose::Moderate,
            diet: if life.family.wealth < 15 { Dose::Little } else { Dose::Moderate },
            exercise,
            drink: if adult { Dose::Little } else { Dose::None },
            smoke: if adult && tobacco_years && will < 55 { Dose::Moderate } else { Dose::None },
        }
    }
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            sleep: Dose::Moderate,
            diet: Dose::Moderate,
            exercise: Dose::Little,
            drink: Dose::None,
            smoke: Dose::None,
        }
    }
}

/// What is done with the money that is left when the needs of the household are met, in percent of it. What is
/// not given out is saved as cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Budget {
    pub living: u8,
    pub education: u8,
    pub health: u8,
    pub leisure: u8,
    pub gifts: u8,
    pub invest: u8,
}

impl Budget {
    /// What people usually do.
    pub const USUAL: Self = Self { living: 35, education: 5, health: 10, leisure: 15, gifts: 5, invest: 10 };

    /// Every share, by the name of its field.
    #[must_use]
    pub const fn shares(self) -> [(&'static str, u8); 6] {
        [
            ("budget.living", self.living),
            ("budget.education", self.education),
            ("budget.health", self.health),
            ("budget.leisure", self.leisure),
            ("budget.gifts", self.gifts),
            ("budget.invest", self.invest),
        ]
    }

    /// Percent saved as cash.
    #[must_use]
    pub fn saved(self) -> u8 {
        let given: u32 = self.shares().iter().map(|(_, share)| u32::from(*share)).sum();
        u8::try_from(100_u32.saturating_sub(given)).unwrap_or(0)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::USUAL
    }
}

/// A plan as a player sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Where the effort goes.
    pub plan: Plan,
    /// How one lives.
    pub habits: Habits,
    /// What the money is for.
    pub budget: Budget,
}

impl Standing {
    /// What is usual for this life now: what a player starts from.
    #[must_use]
    pub fn usual(life: &Life) -> Self {
        Self { plan: Plan::usual(life.stage), habits: Habits::usual(life), budget: Budget::USUAL }
    }

    /// The standing plan of a life, the player's own or the usual one.
    #[must_use]
    pub const fn of(life: &Life) -> Self {
        Self { plan: life.plan, habits: life.habits, budget: life.budget }
    }
}

/// A rule a plan breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum PlanRule {
    /// The points or percents together are more than there are.
    TooMuch {
        /// What there is.
        most: u8,
    },
    /// Not before that age.
    TooYoung {
        /// The first age.
        from_age: u16,
    },
    /// Nobody does without.
    CannotBeNone,
}

impl PlanRule {
    /// The word clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooMuch { .. } => "too_much",
            Self::TooYoung { .. } => "too_young",
            Self::CannotBeNone => "cannot_be_none",
        }
    }
}

/// What is wrong with a plan, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanIssue {
    /// The field, as clients write it: `plan.work`, `habits.smoke`, `budget`.
    pub field: &'static str,
    /// What it breaks.
    #[serde(flatten)]
    pub rule: PlanRule,
}

/// The age from which somebody works for wages.
pub const WORKING_AGE: u16 = 14;
/// The age from which somebody drinks, smokes and has money of their own.
pub const GROWN_AGE: u16 = 16;

/// Everything wrong with a plan for this life now; empty if it can stand.
#[must_use]
pub fn plan_issues(life: &Life, standing: &Standing) -> Vec<PlanIssue> {
    let Standing { plan, habits, budget } = *standing;
    let mut issues = Vec::new();
    let mut wrong = |broken: bool, field, rule| {
        if broken {
            issues.push(PlanIssue { field, rule });
        }
    };
    wrong(plan.used() > u32::from(Plan::ENERGY), "plan", PlanRule::TooMuch { most: Plan::ENERGY });
    wrong(plan.work > 0 && life.age + 1 < WORKING_AGE, "plan.work", PlanRule::TooYoung { from_age: WORKING_AGE });
    wrong(habits.sleep == Dose::None, "habits.sleep", PlanRule::CannotBeNone);
    wrong(habits.diet == Dose::None, "habits.diet", PlanRule::CannotBeNone);
    let young = life.age + 1 < GROWN_AGE;
    let grown = PlanRule::TooYoung { from_age: GROWN_AGE };
    wrong(young && habits.drink != Dose::None, "habits.drink", grown);
    wrong(young && habits.smoke != Dose::None, "habits.smoke", grown);
    let shares: u32 = budget.shares().iter().map(|(_, share)| u32::from(*share)).sum();
    wrong(shares > 100, "budget", PlanRule::TooMuch { most: 100 });
    wrong(young && budget != Budget::USUAL, "budget", grown);
    issues
}

impl Life {
    /// Whether a plan can be set now.
    #[must_use]
    pub const fn can_plan(&self) -> bool {
        matches!(self.status, Status::Alive) && self.pending.is_none()
    }
}
