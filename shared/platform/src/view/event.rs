//! What happened, told in the language asked for.

use engine::{Change, Content, EventRecord, Locale};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::decision::OddsOut;

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventOut {
    /// Its number in this life, from 1.
    event_seq: u32,
    event_id: String,
    /// `random`, `choice`, `development`, `relationship` or `era`.
    event_type: &'static str,
    age: u16,
    year: u16,
    title: String,
    text: String,
    /// The earlier event it followed from.
    caused_by_seq: Option<u32>,
    changes: Vec<ChangeOut>,
    /// What was chosen, if it asked.
    decision: Option<DecidedOut>,
}

/// A decision taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedOut {
    option_id: String,
    /// `done` without a roll; else `success`, `partial` or `fail`.
    result: &'static str,
    /// 0-99.
    roll: Option<u8>,
    odds: Option<OddsOut>,
    late: bool,
}

/// One change of the state.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeOut {
    /// Where in the state: `skills.business`.
    path: String,
    #[schema(value_type = Value)]
    from: Value,
    #[schema(value_type = Value)]
    to: Value,
    /// Why: an event id, `plan.study`, `age`, …
    source: String,
}

impl From<&Change> for ChangeOut {
    fn from(change: &Change) -> Self {
        Self {
            path: change.path.clone(),
            from: json(&change.from),
            to: json(&change.to),
            source: change.source.clone(),
        }
    }
}

fn json(value: &engine::Value) -> Value {
    match value {
        engine::Value::Absent => Value::Null,
        engine::Value::Bool(yes) => (*yes).into(),
        engine::Value::Int(number) => (*number).into(),
        engine::Value::Id(id) => id.as_str().into(),
    }
}

impl EventOut {
    /// What clients see of it.
    pub fn of(content: &Content, locale: Locale, event: &EventRecord) -> Self {
        let told = content.render_event(locale, event);
        Self {
            event_seq: event.event_seq,
            event_id: event.event_id.clone(),
            event_type: event.event_type.as_str(),
            age: event.age,
            year: event.year,
            title: told.title,
            text: told.text,
            caused_by_seq: event.caused_by_seq,
            changes: event.changes.iter().map(ChangeOut::from).collect(),
            decision: event.decision.as_ref().map(|decided| DecidedOut {
                option_id: decided.option_id.clone(),
                result: decided.outcome.result.as_str(),
                roll: decided.outcome.roll,
                odds: decided.outcome.odds.map(OddsOut::from),
                late: decided.late,
            }),
        }
    }
}
