//! Faults on purpose, for `cargo xtask drill coherence`: a process that kills itself at a named step of a write, and
//! known bugs of caches that the drill must find. Compiled into debug builds only; a release build has none of it.

/// A step of a write at which a process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The request has passed authentication; nothing has happened.
    Gate,
    /// The fence stands in Redis.
    Fence,
    /// The statement has committed.
    Commit,
    /// The new version is published.
    Publish,
    /// The answer is ready and not sent.
    Answer,
}

/// A classic bug of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Writers place no fence: they delete nothing before they commit.
    NoFence,
    /// One shared flag instead of a token for each writer: the first to finish clears it for all.
    SharedDirtyFlag,
    /// Readers store what they loaded without a fill token.
    BlindFill,
    /// What L1 holds is believed for a while of monotonic time, without asking Redis.
    MonotonicTtl,
    /// The new version is published before the statement commits.
    PublishBeforeCommit,
}

/// Dies here if the drill says so.
pub(crate) fn point(_: Step) {}

/// Whether the drill has planted this bug.
pub(crate) fn planted(_: Bug) -> bool {
    false
}
