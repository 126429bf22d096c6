//! Expressions: what an event may ask about a life. Typed when parsed, so evaluating one cannot fail.

use serde::{Deserialize, Serialize};

use super::{
    AssetKind, Attribute, Effort, EventIx, Gender, Habit, Mode, News, RelationSet, Settlement, Skill, SlotIx, Stage,
    Terrain, Trade, Trait,
};

/// A question with a yes or no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cond {
    /// A constant.
    Const(bool),
    /// The opposite.
    Not(Box<Self>),
    /// Both.
    And(Box<Self>, Box<Self>),
    /// Either.
    Or(Box<Self>, Box<Self>),
    /// A comparison of two numbers.
    Compare(Num, CompareOp, Num),
    /// The stage of life.
    Stage(Stage),
    /// The size of the place.
    Settlement(Settlement),
    /// The land around it.
    Terrain(Terrain),
    /// The player's gender.
    Gender(Gender),
    /// The mode of this year.
    Mode(Mode),
    /// A simple fact about the player.
    Is(Fact),
    /// The event has happened in this life.
    Happened(EventIx),
    /// The lasting effect is active.
    Lasting(String),
    /// The flag is set.
    Flag(String),
    /// The shock is under way here and now.
    Shock(String),
    /// The technology is available here and now.
    Tech(String),
    /// The player has the illness.
    Condition(String),
    /// The player lives in one of these regions.
    InRegion(Vec<String>),
    /// The player lives in one of these countries.
    InCountry(Vec<String>),
    /// Some living person of the set satisfies the condition.
    Any(RelationSet, Box<Self>),
    /// Every living person of the set satisfies the condition.
    All(RelationSet, Box<Self>),
    /// A fact about a person.
    Person(Who, PersonFact),
    /// The ordinary rules of this year brought that.
    News(News),
    /// The player's occupation is one of these.
    Job(Vec<String>),
    /// The player's kind of work.
    Trade(Trade),
    /// The player was born in one of these regions.
    BornIn(Vec<String>),
}

impl Cond {
    /// Adds the events whether or when they happened is asked.
    pub fn each_event(&self, events: &mut Vec<EventIx>) {
        match self {
            Self::Happened(event) => events.push(*event),
            Self::Not(inner) | Self::Any(_, inner) | Self::All(_, inner) => inner.each_event(events),
            Self::And(left, right) | Self::Or(left, right) => {
                left.each_event(events);
                right.each_event(events);
            }
            Self::Compare(left, _, right) => {
                left.each_event(events);
                right.each_event(events);
            }
            _ => {}
        }
    }
}

impl Num {
    fn each_event(&self, events: &mut Vec<EventIx>) {
        match self {
            Self::YearsAgo(event) => events.push(*event),
            Self::Add(left, right) | Self::Sub(left, right) | Self::Mul(left, right) => {
                left.each_event(events);
                right.each_event(events);
            }
            _ => {}
        }
    }
}

/// A question with a number for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Num {
    /// A constant.
    Const(i32),
    /// A number of the player's own.
    Of(Quantity),
    /// A number of another person's.
    Person(Who, PersonQuantity),
    /// Years since the event last happened; 999 if never.
    YearsAgo(EventIx),
    /// How many living people of the set there are.
    Count(RelationSet),
    /// How many people of the set there have ever been, living or dead.
    Met(RelationSet),
    /// Sum.
    Add(Box<Self>, Box<Self>),
    /// Difference.
    Sub(Box<Self>, Box<Self>),
    /// Product.
    Mul(Box<Self>, Box<Self>),
}

/// Whom a person's field is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// The person under consideration, inside `where`, `any` and `all`.
    This,
    /// The person in a slot.
    Slot(SlotIx),
}

/// The player's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quantity {
    /// Full years lived.
    Age,
    /// Calendar year.
    Year,
    /// 0-100.
    Attr(Attribute),
    /// 0-100.
    Skill(Skill),
    /// 0-100.
    Trait(Trait),
    /// 0-100.
    Aptitude(Skill),
    /// 0-100.
    Physical,
    /// 0-100.
    Mental,
    /// 0-100.
    Stress,
    /// 0-100.
    Happiness,
    /// Cash in days of the local median wage.
    CashDays,
    /// Cash in months of the local median wage.
    CashMonths,
    /// Wealth of the household, 0-100.
    HouseholdWealth,
    /// Completed schooling, 0 (none) to 3 (tertiary).
    EducationLevel,
    /// Years in the present occupation.
    JobYears,
    /// Living brothers and sisters.
    Siblings,
    /// Living children.
    Children,
    /// How often promoted in the present occupation.
    JobRank,
    /// Debt in months of the local median wage.
    DebtMonths,
    /// Everything owned less everything owed, in months of the local median wage.
    WorthMonths,
    /// Energy given to something, 0-10.
    Plan(Effort),
    /// How far a habit goes, 0 (none) to 3 (much).
    Habit(Habit),
    /// 0-100.
    Joy,
    /// 0-100.
    Sadness,
    /// 0-100.
    Anxiety,
    /// 0-100.
    Anger,
    /// Year of birth.
    BornYear,
    /// How well off the home was that the player was born into, 0-100.
    BornWealth,
    /// A number kept of all the years.
    Ever(Ever),
    /// Worth of a kind of possession, in months of the local median wage.
    Asset(AssetKind),
    /// Illnesses and injuries under way.
    Ailments,
    /// 0-100.
    Looks,
}

/// What is kept of the years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ever {
    /// Full years at work.
    YearsWorked,
    /// Full years married.
    YearsMarried,
    /// Occupations held.
    Jobs,
    /// Weddings.
    Weddings,
    /// Countries lived in besides that of birth.
    Countries,
    /// Highest rank in any occupation, 0-4.
    Rank,
    /// Highest pay, percent of the local median wage.
    PayPct,
    /// Most owned less owed, in months of the local median wage.
    WorthMonths,
    /// Given away, in months of the local median wage.
    GivenMonths,
    /// Mean happiness over the years, 0-100.
    Happiness,
    /// Events.
    Events,
    /// Different events.
    DifferentEvents,
}

impl Ever {
    /// The word authors and clients use after `ever.`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::YearsWorked => "years_worked",
            Self::YearsMarried => "years_married",
            Self::Jobs => "jobs",
            Self::Weddings => "weddings",
            Self::Countries => "countries",
            Self::Rank => "rank",
            Self::PayPct => "pay_pct",
            Self::WorthMonths => "worth_months",
            Self::GivenMonths => "given_months",
            Self::Happiness => "happiness",
            Self::Events => "events",
            Self::DifferentEvents => "different_events",
        }
    }

    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::YearsWorked,
        Self::YearsMarried,
        Self::Jobs,
        Self::Weddings,
        Self::Countries,
        Self::Rank,
        Self::PayPct,
        Self::WorthMonths,
        Self::GivenMonths,
        Self::Happiness,
        Self::Events,
        Self::DifferentEvents,
    ];
}

/// The player's facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Lives in a village.
    Rural,
    /// Lives by the sea.
    Coastal,
    /// Goes to school.
    Enrolled,
    /// Has an occupation.
    Employed,
    /// Has retired.
    Retired,
    /// Has a living spouse.
    Married,
    /// Works on their own account.
    OwnAccount,
    /// Lives in another country than that of birth.
    Abroad,
    /// Has died: the life is over.
    Over,
}

/// A person's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PersonQuantity {
    /// Full years lived.
    Age,
    /// 0-100.
    Intimacy,
    /// 0-100.
    Trust,
    /// 0-100.
    Support,
}

/// A person's facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PersonFact {
    /// Still living.
    Alive,
    /// Of that gender.
    Gender(Gender),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CompareOp {
    /// Every operator, longest spelling first, so that a scanner may try them in order.
    pub const ALL: [Self; 6] = [Self::Eq, Self::Ne, Self::Le, Self::Ge, Self::Lt, Self::Gt];

    /// The operator as written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// The comparison itself.
    #[must_use]
    pub const fn holds(self, left: i32, right: i32) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
        }
    }
}

impl Quantity {
    /// Where a client finds the number in a life's state.
    #[must_use]
    pub fn path(self) -> String {
        match self {
            Self::Age => "age".to_owned(),
            Self::Year => "year".to_owned(),
            Self::Attr(attr) => format!("attributes.{attr}"),
            Self::Skill(skill) => format!("skills.{skill}"),
            Self::Trait(kind) => format!("traits.{kind}"),
            Self::Aptitude(skill) => format!("aptitudes.{skill}"),
            Self::Physical => "health.physical".to_owned(),
            Self::Mental => "health.mental".to_owned(),
            Self::Stress => "health.stress".to_owned(),
            Self::Happiness => "happiness".to_owned(),
            Self::CashDays => "economy.cash_days".to_owned(),
            Self::CashMonths => "economy.cash_months".to_owned(),
            Self::HouseholdWealth => "family.wealth".to_owned(),
            Self::EducationLevel => "education.level".to_owned(),
            Self::JobYears => "career.years".to_owned(),
            Self::Siblings => "family.siblings".to_owned(),
            Self::Children => "family.children".to_owned(),
            Self::JobRank => "career.rank".to_owned(),
            Self::DebtMonths => "economy.debt_months".to_owned(),
            Self::WorthMonths => "economy.worth_months".to_owned(),
            Self::Plan(effort) => format!("plan.{effort}"),
            Self::Habit(habit) => format!("habits.{habit}"),
            Self::Joy => "mood.joy".to_owned(),
            Self::Sadness => "mood.sadness".to_owned(),
            Self::Anxiety => "mood.anxiety".to_owned(),
            Self::Anger => "mood.anger".to_owned(),
            Self::BornYear => "birth_year".to_owned(),
            Self::BornWealth => "birth_wealth".to_owned(),
            Self::Ever(ever) => format!("ever.{}", ever.as_str()),
            Self::Asset(kind) => format!("economy.assets.{kind}"),
            Self::Ailments => "health.conditions".to_owned(),
            Self::Looks => "body.looks".to_owned(),
        }
    }
}
