//! What the API answers, as far as a player looks at it. Unknown fields are kept or ignored: v1 only ever adds.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Whom to be born as.
#[derive(Clone, Debug, Serialize)]
pub struct Spec {
    /// The character's name.
    pub character_name: String,
    /// ISO 3166 code of the country of birth.
    pub birth_country: String,
    /// 1800 to 2050.
    pub birth_year: i32,
}

impl Spec {
    /// A character of a country and year.
    pub fn new(name: impl Into<String>, country: impl Into<String>, year: i32) -> Self {
        Self { character_name: name.into(), birth_country: country.into(), birth_year: year }
    }
}

/// A character as it was dealt.
#[derive(Clone, Debug, Deserialize)]
pub struct Character {
    /// Names the life in every later request.
    pub character_id: String,
    /// The life's version; the first to expect.
    pub version: i64,
    /// Everything else: place, family, attributes, health.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Where a life stands.
#[derive(Clone, Debug, Deserialize)]
pub struct State {
    /// Names the life.
    pub character_id: String,
    /// Goes up by one with every request that changes the life.
    pub version: i64,
    /// `draft`, `alive` or `dead`.
    pub status: String,
    /// Completed years.
    pub age: u32,
    /// The calendar year.
    pub year: i32,
    /// `infancy` to `old_age`.
    #[serde(default)]
    pub life_stage: String,
    /// At most one.
    #[serde(default)]
    pub pending_decisions: Vec<Decision>,
    /// The newest events.
    #[serde(default)]
    pub current_events: Vec<Event>,
    /// How it ended, if it has.
    #[serde(default)]
    pub death: Option<Death>,
    /// Everything else: attributes, health, career, economy.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl State {
    /// Whether the life has ended.
    pub fn is_over(&self) -> bool {
        self.status == "dead"
    }
}

/// The end of a life.
#[derive(Clone, Debug, Deserialize)]
pub struct Death {
    /// How old the character became.
    pub age: u32,
    /// The calendar year.
    pub year: i32,
    /// Which cause of the rules.
    pub cause: String,
    /// The cause, told.
    pub text: String,
}

/// A question the life cannot go on without an answer to.
#[derive(Clone, Debug, Deserialize)]
pub struct Decision {
    /// Names it when deciding.
    pub decision_id: String,
    /// The event that asks.
    pub event_seq: i64,
    /// The event in a few words.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// What happens to those who do not choose.
    pub default_option_id: String,
    /// What can be answered.
    pub options: Vec<Choice>,
}

/// One answer to a decision.
#[derive(Clone, Debug, Deserialize)]
pub struct Choice {
    /// Names it when deciding.
    pub option_id: String,
    /// What one would do.
    pub text: String,
    /// Whether it can be chosen.
    pub available: bool,
    /// Why it cannot.
    #[serde(default)]
    pub locked_reason: Option<String>,
    /// How likely it is to go well; none where nothing is left to chance.
    #[serde(default)]
    pub odds: Option<Odds>,
}

/// Percentages that add up to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Odds {
    /// It goes well.
    pub success: u32,
    /// It goes neither well nor badly.
    pub partial: u32,
    /// It goes badly.
    pub fail: u32,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// Its place in the life, counted from the beginning.
    pub event_seq: i64,
    /// Which event of the content.
    pub event_id: String,
    /// `random`, `choice`, `development`, `relationship` or `era`.
    pub event_type: String,
    /// In a few words.
    pub title: String,
    /// In full.
    pub text: String,
    /// How old the character was.
    pub age: u32,
    /// The calendar year.
    pub year: i32,
}

/// A year that was lived, or begun.
#[derive(Clone, Debug, Deserialize)]
pub struct Year {
    /// How old the character was.
    pub age: u32,
    /// The calendar year.
    pub year: i32,
    /// False if a decision interrupted it.
    pub complete: bool,
    /// What happened.
    pub events: Vec<Event>,
}

/// How the years of an advance are spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// More extremes.
    Aggressive,
    /// The usual.
    Steady,
    /// Fewer extremes.
    Conservative,
}

/// The answer to an advance.
#[derive(Clone, Debug, Deserialize)]
pub struct Advanced {
    /// The life's version after it.
    pub version: i64,
    /// Why it did not go on.
    pub stop_reason: String,
    /// What was lived.
    pub years: Vec<Year>,
    /// Where the life stands.
    pub state: State,
}

/// The answer to a decision.
#[derive(Clone, Debug, Deserialize)]
pub struct Decided {
    /// The life's version after it.
    pub version: i64,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether the interrupted year is over; if not, there is another decision.
    pub year_complete: bool,
    /// The interrupted year and what has happened in it since.
    pub years: Vec<Year>,
    /// Where the life stands.
    pub state: State,
}

/// What came of a choice.
#[derive(Clone, Debug, Deserialize)]
pub struct Outcome {
    /// `done` where nothing was left to chance; else `success`, `partial` or `fail`.
    pub result: String,
    /// The dice, 0 to 99.
    #[serde(default)]
    pub roll: Option<u32>,
    /// The odds they were rolled against.
    #[serde(default)]
    pub odds: Option<Odds>,
    /// How it went.
    pub text: String,
}

/// The account that was opened or entered.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub(super) access_token: String,
}
