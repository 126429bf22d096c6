//! Every key of the cache, and nowhere else. A stamp is `rl:<namespace>:{<owner>}:<class>:<kind>:<id>`, its value the same and
//! `:v<schema>`: the braces put all that belongs to one player into one slot of a cluster, so that one script can see it.

use engine::Locale;
use uuid::Uuid;

use super::policy::Class;
use crate::ids::UserId;

/// What is cached as one, under one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A player's account.
    Profile,
    /// A player's list of characters.
    Roster,
    /// A life.
    Life,
}

impl Kind {
    pub(crate) const fn class(self) -> Class {
        match self {
            Self::Profile | Self::Roster => Class::UserData,
            Self::Life => Class::GameState,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Roster => "roster",
            Self::Life => "life",
        }
    }

    /// Raised when the value's encoding changes: releases that run side by side then keep values of their own, under the
    /// one stamp that tells both which version is the newest.
    const fn schema(self) -> u32 {
        match self {
            Self::Profile => 2,
            Self::Life => 2,
            Self::Roster => 1,
        }
    }
}

/// One aggregate. The owner comes from the token, so a stranger addresses a key of their own, where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AggregateId {
    /// What it is.
    pub kind: Kind,
    /// Whose.
    pub owner: UserId,
    /// Which of the owner's; the owner's own id where there is only one.
    pub id: Uuid,
}

impl AggregateId {
    /// The keys in Redis: of the stamp and of the value.
    pub(crate) fn redis_keys(&self, namespace: &str) -> [String; 2] {
        let Self { kind, owner, id } = self;
        let stamp = format!("rl:{namespace}:{{{owner}}}:{}:{}:{id}", kind.class().as_str(), kind.as_str());
        let value = format!("{stamp}:v{}", kind.schema());
        [stamp, value]
    }
}

/// In which form this process holds something of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// The value itself.
    Value,
    /// A rendered answer: of which route, in which language, to which query.
    Answer { route: &'static str, locale: Locale, query: u64 },
}

/// The key in L1.
pub(crate) type L1Key = (AggregateId, Form);
