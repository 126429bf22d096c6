//! A life that comes out of another one.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::StateOut;
use crate::{ids::CharacterId, store::lives::Standing};

/// A new life of an old lineage.
#[derive(Debug, Serialize, ToSchema)]
pub struct BegunOut {
    character_id: CharacterId,
    /// The first life of all.
    lineage_id: Uuid,
    /// The life it comes out of.
    parent_character_id: Option<CharacterId>,
    /// Up to which age it shares that life's past; null when it shares nothing.
    branched_at_age: Option<u16>,
    /// Counts for leaderboards; never after a branch.
    ranked: bool,
    /// Send back as `expected_version`.
    version: i64,
    state: StateOut,
}

impl BegunOut {
    /// What clients see of it.
    pub fn of(new: &Standing, state: StateOut) -> Self {
        Self {
            character_id: new.character_id,
            lineage_id: new.lineage_id,
            parent_character_id: new.parent_character_id,
            branched_at_age: new.branched_at_age,
            ranked: new.is_ranked(),
            version: new.version,
            state,
        }
    }
}
