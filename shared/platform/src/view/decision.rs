//! A decision that waits: the question, the options with their odds, and why some are locked.

use chrono::{DateTime, Utc};
use engine::{Content, Locale, Odds, PendingDecision};
use serde::Serialize;
use utoipa::ToSchema;

/// A decision waiting for an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionOut {
    decision_id: String,
    event_seq: u32,
    event_id: String,
    title: String,
    question: String,
    needs_confirmation: bool,
    /// Set only when the player turned timed choices on.
    deadline: Option<DateTime<Utc>>,
    /// Seconds the author thinks right; 0 is no limit.
    time_limit_s: u16,
    default_option_id: String,
    options: Vec<OptionOut>,
}

/// An answer as it is offered.
#[derive(Debug, Serialize, ToSchema)]
pub struct OptionOut {
    option_id: String,
    text: String,
    hint: String,
    long_term_hint: Option<String>,
    available: bool,
    /// `REQUIREMENTS_NOT_MET`, or null.
    locked_reason: Option<&'static str>,
    requirements: Vec<RequirementOut>,
    /// The odds it will be rolled with; null without a roll.
    odds: Option<OddsOut>,
}

/// What an answer asks for.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequirementOut {
    path: String,
    op: String,
    value: i32,
    met: bool,
}

/// Chances in percent; together 100.
#[derive(Debug, Serialize, ToSchema)]
pub struct OddsOut {
    success: u8,
    partial: u8,
    fail: u8,
}

impl From<Odds> for OddsOut {
    fn from(odds: Odds) -> Self {
        Self { success: odds.success, partial: odds.partial, fail: odds.fail }
    }
}

impl DecisionOut {
    /// What clients see of it.
    pub fn of(content: &Content, locale: Locale, pending: &PendingDecision) -> Self {
        let told = content.render_decision(locale, pending);
        let options = pending.options.iter().zip(told.options).map(|(option, told)| OptionOut {
            option_id: option.option_id.clone(),
            text: told.label,
            hint: told.hint,
            long_term_hint: told.long_term_hint,
            available: option.available,
            locked_reason: (!option.available).then_some("REQUIREMENTS_NOT_MET"),
            requirements: option
                .requirements
                .iter()
                .map(|asked| RequirementOut {
                    path: asked.path.clone(),
                    op: asked.op.clone(),
                    value: asked.value,
                    met: asked.met,
                })
                .collect(),
            odds: option.odds.map(OddsOut::from),
        });
        Self {
            decision_id: pending.decision_id.to_string(),
            event_seq: pending.event.event_seq,
            event_id: pending.event.event_id.clone(),
            title: told.title,
            question: told.question,
            needs_confirmation: pending.needs_confirmation,
            deadline: None,
            time_limit_s: pending.time_limit_s,
            default_option_id: pending.default_option.clone(),
            options: options.collect(),
        }
    }
}
