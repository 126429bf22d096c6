//! One use of a refresh token, and how both stores judge it: the rule stands here once.

use chrono::{DateTime, Utc};

use super::{GRACE, Refreshed, Session};

/// A refresh token that is to be replaced.
#[derive(Debug, Clone)]
pub struct Turn {
    /// SHA-256 of the part that all tokens of the session share.
    pub family_hash: [u8; 32],
    /// SHA-256 of the presented secret.
    pub presented_hash: [u8; 32],
    /// The salt by which the successor was derived from the presented secret.
    pub salt: [u8; 16],
    /// SHA-256 of the successor.
    pub next_hash: [u8; 32],
    /// The time of the request.
    pub now: DateTime<Utc>,
    /// When the session is to end unless it is refreshed again.
    pub expires_at: DateTime<Utc>,
}

/// What a store keeps of a session's tokens.
#[derive(Debug, Clone)]
pub struct Kept {
    /// `None` for a session of a release that did not rotate.
    pub family_hash: Option<[u8; 32]>,
    /// SHA-256 of the secret that is waited for.
    pub refresh_hash: [u8; 32],
    /// Of the replaced secret: its SHA-256, and the salt by which its successor was made.
    pub replaced: Option<([u8; 32], [u8; 16])>,
}

/// What the store found instead of what the turn expected.
#[derive(Debug, PartialEq, Eq)]
pub enum Turned {
    /// The token is not the one that is waited for; this is what it is.
    Not(Refreshed),
    /// It is the one: somebody changed the session in between, try again.
    Retry,
}

/// Judges a token that could not simply be replaced, by what the store keeps.
#[must_use]
pub fn outcome(session: Session, kept: &Kept, turn: &Turn) -> Turned {
    // A token with a foreign family is not an old one but a made-up one: it must not end anybody's session.
    if session.expires_at <= turn.now || kept.family_hash != Some(turn.family_hash) {
        return Turned::Not(Refreshed::Unknown);
    }
    if kept.refresh_hash == turn.presented_hash {
        return Turned::Retry;
    }
    Turned::Not(match kept.replaced {
        Some((hash, salt)) if hash == turn.presented_hash && turn.now - session.refreshed_at <= GRACE => {
            Refreshed::Again(session, salt)
        }
        _ => Refreshed::Reused(session),
    })
}
