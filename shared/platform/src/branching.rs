//! A life that goes another way: the same for a branch from an age and for a save that is loaded.

use engine::{EventRecord, Life};

use crate::{
    ctx::Cx,
    error::ApiError,
    http::{
        envelope::{Answer, Reply},
        idem::Idem,
    },
    ids::CharacterId,
    store::{branches, lives::Standing},
    view::{BegunOut, StateOut},
};

/// Begins a life that stands where `parent` stood when it was `life`, and shares its past up to there.
///
/// # Errors
/// 401 when the account is gone, 404 when the parent is, 409 QUOTA_REACHED, 422 KEY_REUSED, 503 without Postgres.
pub async fn part(cx: &Cx, idem: &Idem, parent: &Standing, life: Life, recent: Vec<EventRecord>) -> Reply<BegunOut> {
    let now = cx.now();
    let unlocks = parent.unlocks.iter().filter(|unlock| unlock.entry_seq < life.next_entry_seq).cloned().collect();
    let branch = Standing {
        character_id: CharacterId(cx.new_id()),
        lineage_id: parent.lineage_id,
        parent_character_id: Some(parent.character_id),
        branched_at_age: Some(life.age),
        rerolls_used: 0,
        version: 1,
        life,
        recent,
        unlocks,
        created_at: now,
        updated_at: now,
    };
    let state = StateOut::of(cx.content(), cx.locale(), branch.character_id, 1, &branch.life, &branch.recent);
    let answer = Answer::created(&BegunOut::of(&branch, state))?.versioned(cx, 1);
    let stored = branches::branch(cx, idem, parent.character_id, &branch, answer).await?;
    stored.ok_or_else(ApiError::no_such_character)
}
