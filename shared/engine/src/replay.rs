//! Living a life again from its log.

use content::ContentHash;

use crate::birth::new_life;
use crate::content::Content;
use crate::life::{Life, SpecError};
use crate::log::{Input, LogEntry, RULES_VERSION};
use crate::step::{InputError, YearInput, advance, decide, set_plan, start};

/// What a log turned out to be.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The life, lived again; absent where only the chain could be verified.
    pub life: Option<Life>,
    /// How far the log was verified.
    pub verified: Verified,
}

/// How far a log was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Every outcome was computed again from seed and inputs and is the same, byte for byte.
    Recomputed,
    /// Lived in part under other rules or content that is not at hand: its hashes link up.
    Chain,
}

/// A log that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is no birth.
    #[error("the log is empty")]
    Empty,
    /// The entry's hash does not follow from its bytes and the entry before.
    #[error("entry {seq} has been altered")]
    BrokenLink {
        /// Which entry.
        seq: u32,
    },
    /// The entry's outcome is not what its input comes to.
    #[error("entry {seq} is not what its input comes to")]
    OtherOutcome {
        /// Which entry.
        seq: u32,
    },
    /// The entry's input was not possible.
    #[error("entry {seq} could not happen: {error}")]
    Impossible {
        /// Which entry.
        seq: u32,
        /// Why not.
        error: InputError,
    },
    /// No such life could be dealt.
    #[error("the birth could not happen: {0}")]
    ImpossibleBirth(SpecError),
    /// The log does not begin with a birth.
    #[error("the log does not begin with a birth")]
    NoBirth,
}

/// Verifies a log and, where its rules and content are at hand, lives it again. `content_of` finds content by
/// its hash; a life may have been lived under several.
///
/// # Errors
/// Names the first entry that is not what it was.
pub fn replay<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    log: &[LogEntry],
) -> Result<Replayed, ReplayError> {
    verify_chain(log)?;
    let at_hand = log
        .iter()
        .map(|entry| (entry.rules_version == RULES_VERSION).then(|| content_of(entry.content_hash)).flatten());
    let Some(contents) = at_hand.collect::<Option<Vec<_>>>() else {
        return Ok(Replayed { life: None, verified: Verified::Chain });
    };
    let mut life: Option<Life> = None;
    for (entry, content) in log.iter().zip(contents) {
        life = Some(live_again(content, life, entry)?);
    }
    Ok(Replayed { life, verified: Verified::Recomputed })
}

/// Checks that each entry follows from the one before.
///
/// # Errors
/// Names the first that does not.
pub fn verify_chain(log: &[LogEntry]) -> Result<(), ReplayError> {
    let mut previous: &[u8] = &[];
    for (entry, seq) in log.iter().zip(0..) {
        if entry.seq != seq || entry.link(previous) != entry.hash {
            return Err(ReplayError::BrokenLink { seq });
        }
        previous = &entry.hash;
    }
    if log.is_empty() { Err(ReplayError::Empty) } else { Ok(()) }
}

/// Lives one entry again.
pub(crate) fn live_again(content: &Content, life: Option<Life>, entry: &LogEntry) -> Result<Life, ReplayError> {
    let seq = entry.seq;
    let impossible = |error| ReplayError::Impossible { seq, error };
    let step = match (&entry.input, life) {
        (Input::Birth { spec, seed }, None) => {
            let life = new_life(content, spec.clone(), *seed).map_err(ReplayError::ImpossibleBirth)?;
            let same = life.head == entry.hash;
            return if same { Ok(life) } else { Err(ReplayError::OtherOutcome { seq }) };
        }
        (Input::Birth { .. }, Some(_)) | (_, None) => return Err(ReplayError::NoBirth),
        (Input::Start, Some(life)) => start(content, &life),
        (Input::Year { mode, on_pending }, Some(life)) => {
            advance(content, &life, YearInput { mode: *mode, on_pending: *on_pending })
        }
        (Input::Decide { decision_id, option_id, late }, Some(life)) => {
            decide(content, &life, *decision_id, option_id, *late)
        }
        (Input::Plan { standing }, Some(life)) => set_plan(content, &life, *standing),
    };
    let step = step.map_err(impossible)?;
    if step.entry.hash == entry.hash { Ok(step.life) } else { Err(ReplayError::OtherOutcome { seq }) }
}
