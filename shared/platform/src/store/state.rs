//! How a life's state is written: as the table holds it, and as caches hold it with what stands beside it.

use chrono::{DateTime, Utc};
use engine::{EventRecord, Life};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{achievements::Unlock, lives::Standing};
use crate::{error::ApiError, ids::CharacterId};

/// What `lives.state` holds, as JSON.
#[derive(Serialize)]
struct StateRef<'a> {
    life: &'a Life,
    recent: &'a [EventRecord],
}

#[derive(Deserialize)]
struct State {
    life: Life,
    recent: Vec<EventRecord>,
}

/// A state as the table holds it.
pub(crate) fn encode(life: &Life, recent: &[EventRecord]) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(&StateRef { life, recent }).map_err(ApiError::internal)
}

/// The life and the events of its present year out of what [`encode`] made.
pub(crate) fn decode(state: &[u8]) -> Result<(Life, Vec<EventRecord>), serde_json::Error> {
    let State { life, recent } = serde_json::from_slice(state)?;
    Ok((life, recent))
}

/// A [`Standing`] as caches hold it, around the state as the table holds it.
#[derive(Serialize)]
pub(super) struct StoredRef<'a> {
    pub(super) character_id: CharacterId,
    pub(super) lineage_id: Uuid,
    pub(super) parent_character_id: Option<CharacterId>,
    pub(super) branched_at_age: Option<u16>,
    pub(super) rerolls_used: u16,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) unlocks: &'a [Unlock],
    pub(super) state: &'a RawValue,
}

impl<'a> StoredRef<'a> {
    pub(super) fn of(standing: &'a Standing, state: &'a [u8]) -> Result<Self, ApiError> {
        Ok(Self {
            character_id: standing.character_id,
            lineage_id: standing.lineage_id,
            parent_character_id: standing.parent_character_id,
            branched_at_age: standing.branched_at_age,
            rerolls_used: standing.rerolls_used,
            version: standing.version,
            created_at: standing.created_at,
            updated_at: standing.updated_at,
            unlocks: &standing.unlocks,
            state: serde_json::from_slice(state).map_err(ApiError::internal)?,
        })
    }
}

/// A standing as caches hold it, around its encoded state.
pub(super) fn stored(standing: &Standing, state: &[u8]) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(&StoredRef::of(standing, state)?).map_err(ApiError::internal)
}

#[derive(Deserialize)]
pub(super) struct Stored {
    character_id: CharacterId,
    lineage_id: Uuid,
    parent_character_id: Option<CharacterId>,
    // A release that knows no branches writes none.
    #[serde(default)]
    branched_at_age: Option<u16>,
    #[serde(default)]
    rerolls_used: u16,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    unlocks: Vec<Unlock>,
    state: State,
}

impl From<Stored> for Standing {
    fn from(stored: Stored) -> Self {
        let State { life, recent } = stored.state;
        Self {
            character_id: stored.character_id,
            lineage_id: stored.lineage_id,
            parent_character_id: stored.parent_character_id,
            branched_at_age: stored.branched_at_age,
            rerolls_used: stored.rerolls_used,
            version: stored.version,
            life,
            recent,
            unlocks: stored.unlocks,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}
