//! What happened, as data: a record can be told in any language at any time.

use std::collections::BTreeMap;

use content::{CompareOp, EventType, Stage};
use serde::{Deserialize, Serialize};

use crate::life::PersonSnapshot;

/// One event in one life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its number in this life, from 1.
    pub event_seq: u32,
    /// Its id in the content.
    pub event_id: String,
    /// What kind of happening it was.
    pub event_type: EventType,
    /// The player's age then.
    pub age: u16,
    /// Calendar year.
    pub year: u16,
    /// Part of life.
    pub stage: Stage,
    /// Which variant of the text tells it.
    pub variant: u8,
    /// What fills the text's placeholders.
    pub params: Params,
    /// The earlier event it followed from.
    pub caused_by_seq: Option<u32>,
    /// What it changed, in order.
    pub changes: Vec<Change>,
    /// What was chosen, if it asked.
    pub decision: Option<DecisionRecord>,
}

/// What fills a text's placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// The player's name.
    pub name: String,
    /// Code of the country lived in.
    pub country: String,
    /// People by slot.
    pub people: BTreeMap<String, PersonSnapshot>,
}

/// A decision taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// What was chosen.
    pub option_id: String,
    /// The player did not answer in time, so the default was taken.
    pub late: bool,
    /// How it went.
    pub outcome: Outcome,
}

/// How a choice went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Without a roll, `done`.
    pub result: CheckResult,
    /// 0-99; success below the chance of success, then partial, then failure.
    pub roll: Option<u8>,
    /// The odds that were shown and rolled against.
    pub odds: Option<Odds>,
    /// Key of the outcome's text.
    pub text_key: Option<String>,
}

/// The result of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// Nothing was rolled.
    Done,
    /// The roll succeeded.
    Success,
    /// The roll succeeded in part.
    Partial,
    /// The roll failed.
    Fail,
}

impl CheckResult {
    /// The word clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Fail => "fail",
        }
    }
}

/// Chances in percent; together always 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Odds {
    pub success: u8,
    pub partial: u8,
    pub fail: u8,
}

/// One change of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where in the state, as clients see it: `skills.business`, `persons.4.trust`.
    pub path: String,
    /// Before.
    pub from: Value,
    /// After.
    pub to: Value,
    /// Why: an event id, `plan.study`, `age`, `school`, …
    pub source: String,
}

/// A value that can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing there.
    Absent,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Int(i64),
    /// An id.
    Id(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u8> for Value {
    fn from(number: u8) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<Option<&str>> for Value {
    fn from(id: Option<&str>) -> Self {
        id.map_or(Self::Absent, |id| Self::Id(id.to_owned()))
    }
}

/// Identifies a decision in its life: the number of the event that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DecisionId(pub u32);

impl std::fmt::Display for DecisionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A decision the life waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingDecision {
    /// Which.
    pub decision_id: DecisionId,
    /// The event so far, with what it has already changed.
    pub event: EventRecord,
    /// The client should ask twice.
    pub needs_confirmation: bool,
    /// Seconds to answer when the player wants timed choices; 0 is no limit.
    pub time_limit_s: u16,
    /// Taken when the player does not answer.
    pub default_option: String,
    /// The answers.
    pub options: Vec<OptionState>,
}

/// An answer as it is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionState {
    /// Which.
    pub option_id: String,
    /// Whether it can be chosen.
    pub available: bool,
    /// What it asks for.
    pub requirements: Vec<Requirement>,
    /// The odds it will be rolled with.
    pub odds: Option<Odds>,
}

/// What an answer asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// A number of the state, or the condition as its author wrote it.
    pub path: String,
    /// `>=`, …; `is` for a condition.
    pub op: String,
    /// What it is compared with; 1 for a condition.
    pub value: i32,
    /// Whether it is so.
    pub met: bool,
}

impl Requirement {
    /// A requirement on a number.
    #[must_use]
    pub(crate) fn number(path: String, op: CompareOp, value: i32, met: bool) -> Self {
        Self { path, op: op.as_str().to_owned(), value, met }
    }

    /// A requirement that is not a comparison with a constant.
    #[must_use]
    pub(crate) fn condition(source: &str, met: bool) -> Self {
        Self { path: source.to_owned(), op: "is".to_owned(), value: 1, met }
    }
}
