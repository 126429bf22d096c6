//! A life as it stood at an age: where a branch or a restart from there begins.

use content::ContentHash;

use crate::content::Content;
use crate::life::{Life, Status};
use crate::log::{LogEntry, RULES_VERSION};
use crate::replay::{ReplayError, live_again};

/// Why a life cannot be taken back to an age.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BranchError {
    /// The life never was that old, or was not begun.
    #[error("the life never stood at that age")]
    NeverThatOld,
    /// Some of its years were lived under rules or content that is not at hand.
    #[error("entry {seq} was lived under other rules")]
    OtherRules {
        /// The first such entry.
        seq: u32,
    },
    /// The log is not what it was.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// The life as it stood when its year at that age was over and no decision waited, and how many log entries led there.
/// A branch copies these entries and lives on from that life: its unrelated dice stay what they were.
///
/// # Errors
/// If the life never stood there, or its years cannot be lived again.
pub fn life_at<'c>(
    content_of: impl Fn(ContentHash) -> Option<&'c Content>,
    log: &[LogEntry],
    age: u16,
) -> Result<(Life, usize), BranchError> {
    let mut life: Option<Life> = None;
    let mut found = None;
    for (entry, lived) in log.iter().zip(1..) {
        if entry.age > age {
            break;
        }
        let content = Some(entry.content_hash).filter(|_| entry.rules_version == RULES_VERSION).and_then(&content_of);
        let content = content.ok_or(BranchError::OtherRules { seq: entry.seq })?;
        let after = live_again(content, life.take(), entry)?;
        if after.age == age && after.pending.is_none() && after.status == Status::Alive {
            found = Some((after.clone(), lived));
        }
        life = Some(after);
    }
    found.ok_or(BranchError::NeverThatOld)
}
