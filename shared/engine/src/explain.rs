//! Why something happened: the factors behind a draw and behind the odds, read off the very computation
//! that made them by living the life again up to that point.

use content::ContentHash;
use serde::Serialize;

use crate::content::Content;
use crate::life::Life;
use crate::log::{Input, LogEntry};
use crate::odds::OddsFactor;
use crate::record::Odds;
use crate::replay::{ReplayError, at_hand, live_again};
use crate::step::Move;
use crate::year::DrawFactors;

/// Why an event happened, and why its odds were as they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The event's number.
    pub event_seq: u32,
    /// The event's id.
    pub event_id: String,
    /// Why it was drawn.
    pub draw: DrawFactors,
    /// For each answer that is rolled.
    pub options: Vec<OptionOdds>,
}

/// What an answer's odds are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OptionOdds {
    /// The answer.
    pub option_id: String,
    /// The odds that were shown.
    pub odds: Odds,
    /// What they are made of; `base` first.
    pub factors: Vec<OddsFactor>,
}

/// Explains the event with this number; `None` if the life has no such event. `content_of` finds content by its hash.
///
/// # Errors
/// If the log does not replay up to the event, or was lived under rules or content that are not at hand.
pub fn explain<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    log: &[LogEntry],
    event_seq: u32,
) -> Result<Option<Explanation>, ReplayError> {
    let mut life: Option<Life> = None;
    for entry in log {
        let content = at_hand(&content_of, entry)?;
        if let Some(before) = &life {
            let after = live_again(content, Some(before.clone()), entry)?;
            if after.next_event_seq > event_seq {
                return Ok(explain_entry(content, before, &entry.input, event_seq));
            }
            life = Some(after);
        } else {
            life = Some(live_again(content, None, entry)?);
        }
    }
    Ok(None)
}

/// Lives one entry again, taking notes.
fn explain_entry(content: &Content, before: &Life, input: &Input, event_seq: u32) -> Option<Explanation> {
    let noted = Move::begin(content, before).note(input);
    let draw = noted.draws.into_iter().find(|draw| draw.event_seq == event_seq)?;
    let rolled = noted.odds.into_iter().filter(|odds| odds.event_seq == event_seq);
    let options = rolled.map(|odds| OptionOdds { option_id: odds.option_id, odds: odds.odds, factors: odds.factors });
    Some(Explanation { event_seq, event_id: draw.event_id, draw: draw.factors, options: options.collect() })
}

/// A chance that the ordinary rules of a year gave: of a promotion, a wedding, a parting, a recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedChance {
    /// Of what: `promotion`, `dismissal`, `wedding`, `divorce`, `birth`, `emigration`, …
    pub what: &'static str,
    /// In a thousand.
    pub chance_pm: u16,
    /// It came to pass.
    pub happened: bool,
    /// What the chance was made of, in a thousand; `base` first.
    pub factors: Vec<OddsFactor>,
}

/// Explains a year's ordinary course: every chance it gave, what it was made of and how it went. Empty if the life
/// never lived a year to that age. `content_of` finds content by its hash.
///
/// # Errors
/// If the log does not replay up to that year, or was lived under rules or content that are not at hand.
pub fn explain_year<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    log: &[LogEntry],
    age: u16,
) -> Result<Vec<ExplainedChance>, ReplayError> {
    let mut life: Option<Life> = None;
    for entry in log {
        let content = at_hand(&content_of, entry)?;
        if let (Input::Year { .. }, Some(before)) = (&entry.input, &life)
            && entry.age == age
        {
            let noted = Move::begin(content, before).note(&entry.input);
            let chances = noted.chances.into_iter().map(|chance| ExplainedChance {
                what: chance.what,
                chance_pm: chance.chance_pm,
                happened: chance.happened,
                factors: chance.factors,
            });
            return Ok(chances.collect());
        }
        life = Some(live_again(content, life, entry)?);
    }
    Ok(Vec::new())
}
