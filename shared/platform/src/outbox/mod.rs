//! What the game tells others of: events that a statement writes together with what happened, and that the job
//! `deliver-outbox` delivers afterwards, at least once, under an id that stays the same. docs/adr/0021-outbox.md.
//!
//! Payloads hold ids and numbers: whoever may know more asks for it. They are written where a webhook is set, and only there.

pub(crate) mod delivery;
mod queue;
mod target;
pub(crate) mod webhook;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    ctx::Ctx,
    ids::{CharacterId, UserId},
    store::{achievements::Unlock, outbox::Claimed},
};

/// What can be told. A topic's name never changes, nor what is in its payload but by more being added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A life has begun.
    LifeStarted,
    /// A life is over.
    LifeEnded,
    /// A life has reached an achievement.
    AchievementUnlocked,
    /// An account is gone, with all its lives.
    AccountDeleted,
}

impl Topic {
    /// As receivers see it: noun and what happened to it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LifeStarted => "life.started",
            Self::LifeEnded => "life.ended",
            Self::AchievementUnlocked => "achievement.unlocked",
            Self::AccountDeleted => "account.deleted",
        }
    }
}

/// Something to be told, not yet written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its own, for ever.
    pub id: Uuid,
    /// What kind it is.
    pub topic: Topic,
    /// What happened to whom.
    pub payload: Value,
}

impl Event {
    /// An event for whoever listens; none where nobody does.
    pub fn new(ctx: &Ctx, topic: Topic, payload: Value) -> Option<Self> {
        ctx.config().outbox.webhook_url.as_ref()?;
        Some(Self { id: ctx.new_id(), topic, payload })
    }

    /// That a life has reached an achievement.
    pub(crate) fn of_unlock(
        ctx: &Ctx,
        (user, character): (UserId, CharacterId),
        version: i64,
        unlock: &Unlock,
    ) -> Option<Self> {
        let Unlock { achievement_id, age, points, .. } = unlock;
        let payload = json!({
            "user_id": user, "character_id": character, "version": version, "age": age,
            "achievement_id": achievement_id, "points": points
        });
        Self::new(ctx, Topic::AchievementUnlocked, payload)
    }

    /// That a life has begun, or is over.
    pub(crate) fn of_life(
        ctx: &Ctx,
        topic: Topic,
        (user, character): (UserId, CharacterId),
        (version, age): (i64, u16),
    ) -> Option<Self> {
        let payload = json!({"user_id": user, "character_id": character, "version": version, "age": age});
        Self::new(ctx, topic, payload)
    }
}

/// What a receiver gets as a body; the layout is that of Standard Webhooks, with the id beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The same at every delivery.
    pub(crate) id: Uuid,
    #[serde(rename = "type")]
    topic: String,
    /// When it happened.
    timestamp: String,
    data: Value,
}

impl Message {
    pub(crate) fn of(claimed: &Claimed) -> Self {
        Self {
            id: claimed.event_id,
            topic: claimed.topic.clone(),
            timestamp: claimed.created_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            data: claimed.payload.clone(),
        }
    }

    /// As it is sent.
    pub(crate) fn text(&self) -> String {
        // Ids, texts and JSON always have a form.
        serde_json::to_string(self).unwrap_or_default()
    }
}
