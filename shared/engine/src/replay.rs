//! Living a life again from its log.

use std::ops::ControlFlow;

use content::ContentHash;

use crate::birth::new_life;
use crate::content::Content;
use crate::life::{Life, SpecError};
use crate::log::{Input, LogEntry, RULES_VERSION};
use crate::record::EventRecord;
use crate::step::{InputError, Step, YearInput, advance, decide, set_plan, start};

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

/// A life as it stood at some point of its log.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The life then.
    pub life: Life,
    /// How many entries of the log had been written.
    pub entries: usize,
    /// What had happened at the age it then had.
    pub recent: Vec<EventRecord>,
}

/// A log that is not what it was, or cannot be lived again here.
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
    /// The entry was lived under rules or content that are not at hand.
    #[error("entry {seq} was lived under rules or content that are not at hand")]
    OutOfReach {
        /// Which entry.
        seq: u32,
    },
    /// The life beside the log is not the one that the log comes to.
    #[error("the life is not what its log comes to")]
    OtherLife,
}

impl ReplayError {
    /// The entry that it is about.
    #[must_use]
    pub const fn entry(&self) -> Option<u32> {
        match self {
            Self::BrokenLink { seq }
            | Self::OtherOutcome { seq }
            | Self::Impossible { seq, .. }
            | Self::OutOfReach { seq } => Some(*seq),
            Self::ImpossibleBirth(_) | Self::NoBirth => Some(0),
            Self::Empty | Self::OtherLife => None,
        }
    }
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
    let contents = log.iter().map(|entry| at_hand(&content_of, entry));
    let Ok(contents) = contents.collect::<Result<Vec<_>, _>>() else {
        return Ok(Replayed { life: None, verified: Verified::Chain });
    };
    let mut life: Option<Life> = None;
    for (entry, content) in log.iter().zip(contents) {
        life = Some(live_again(content, life, entry)?);
    }
    Ok(Replayed { life, verified: Verified::Recomputed })
}

/// Replays a log and holds `stored` against it: the very life where it can be recomputed, its last link in any case, so that
/// a log that was cut short is noticed as well.
///
/// # Errors
/// As [`replay`], and [`ReplayError::OtherLife`].
pub fn verify<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    log: &[LogEntry],
    stored: &Life,
) -> Result<Verified, ReplayError> {
    let Replayed { life, verified } = replay(content_of, log)?;
    let is_its_end = log.last().is_some_and(|entry| entry.hash == stored.head);
    let is_the_same = life.is_none_or(|life| life == *stored);
    if is_its_end && is_the_same { Ok(verified) } else { Err(ReplayError::OtherLife) }
}

/// Lives a log again until the life has just become `age`: with the decision that its first move to that age raised, and
/// before any answer to it. `None` if it never got that old.
///
/// # Errors
/// If the log is not what it was, or its rules or content are not at hand.
pub fn replay_to_age<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    log: &[LogEntry],
    age: u16,
) -> Result<Option<Moment>, ReplayError> {
    let (mut moment, mut recent) = (None, Vec::<EventRecord>::new());
    let mut entries = 1;
    steps(content_of, log, |step| {
        entries += 1;
        recent.extend_from_slice(&step.events);
        recent.retain(|event| event.age == step.life.age);
        if step.life.age == age {
            moment = Some(Moment { life: step.life.clone(), entries, recent: std::mem::take(&mut recent) });
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(moment)
}

/// Lives a log again and shows each move after the birth.
///
/// # Errors
/// If the log is not what it was, or its rules or content are not at hand.
pub(crate) fn each_step<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    log: &[LogEntry],
    mut watch: impl FnMut(&Step),
) -> Result<(), ReplayError> {
    steps(content_of, log, |step| {
        watch(step);
        ControlFlow::Continue(())
    })
}

/// As [`each_step`], as far as `watch` wants it.
fn steps<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    log: &[LogEntry],
    mut watch: impl FnMut(&Step) -> ControlFlow<()>,
) -> Result<(), ReplayError> {
    verify_chain(log)?;
    let mut life: Option<Life> = None;
    for entry in log {
        let content = at_hand(&content_of, entry)?;
        let Some(before) = life else {
            life = Some(live_again(content, None, entry)?);
            continue;
        };
        let step = step_again(content, &before, entry)?;
        if watch(&step).is_break() {
            break;
        }
        life = Some(step.life);
    }
    Ok(())
}

/// The content that entry was lived under, if this release has it and the rules it was lived by.
pub(crate) fn at_hand<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    entry: &LogEntry,
) -> Result<&'c Content, ReplayError> {
    let content = (entry.rules_version == RULES_VERSION).then(|| content_of(entry.content_hash)).flatten();
    content.ok_or(ReplayError::OutOfReach { seq: entry.seq })
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
    match (&entry.input, life) {
        (Input::Birth { spec, seed }, None) => {
            let life = new_life(content, spec.clone(), *seed).map_err(ReplayError::ImpossibleBirth)?;
            if life.head == entry.hash { Ok(life) } else { Err(ReplayError::OtherOutcome { seq: entry.seq }) }
        }
        (_, Some(life)) => step_again(content, &life, entry).map(|step| step.life),
        (_, None) => Err(ReplayError::NoBirth),
    }
}

/// Makes one move again.
fn step_again(content: &Content, life: &Life, entry: &LogEntry) -> Result<Step, ReplayError> {
    let seq = entry.seq;
    let step = match &entry.input {
        Input::Birth { .. } => return Err(ReplayError::NoBirth),
        Input::Start => start(content, life),
        Input::Year { mode, on_pending } => advance(content, life, YearInput { mode: *mode, on_pending: *on_pending }),
        Input::Decide { decision_id, option_id, late } => decide(content, life, *decision_id, option_id, *late),
        Input::Plan { standing } => set_plan(content, life, *standing),
    };
    let step = step.map_err(|error| ReplayError::Impossible { seq, error })?;
    if step.entry.hash == entry.hash { Ok(step) } else { Err(ReplayError::OtherOutcome { seq }) }
}
