//! What a character is made of: gifts, talents, skills, temperament, body, health, mood.

use axum::routing::get;
use engine::Mood;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::Path,
    ids::CharacterId,
    store::lives::Standing,
    view::{AttributesOut, HealthOut, SkillsOut},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::{BodyOut, TraitsOut};

/// `GET /api/v1/characters/{character_id}/attributes`.
pub const ROUTE: Route = Route::get("character-attributes", "/api/v1/characters/{character_id}/attributes")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("What a character is made of", "Every number that grows and fades, as it now stands.")
            .answers::<MadeOfOut>(200, "The numbers.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(attributes));

/// Every number of a character.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeOfOut {
    character_id: CharacterId,
    version: i64,
    age: u16,
    attributes: AttributesOut,
    /// How easily each skill comes.
    aptitudes: SkillsOut,
    skills: SkillsOut,
    traits: TraitsOut,
    body: BodyOut,
    health: HealthOut,
    /// 0-100.
    happiness: u8,
    mood: MoodOut,
}

/// How it feels, 0-100 each.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MoodOut {
    joy: u8,
    sadness: u8,
    anxiety: u8,
    anger: u8,
}

impl From<Mood> for MoodOut {
    fn from(mood: Mood) -> Self {
        Self { joy: mood.joy, sadness: mood.sadness, anxiety: mood.anxiety, anger: mood.anger }
    }
}

async fn attributes(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<MadeOfOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| Answer::ok(&MadeOfOut::of(&standing)));
    answer.await?.ok_or_else(ApiError::no_such_character)
}

impl MadeOfOut {
    fn of(standing: &Standing) -> Self {
        let life = &standing.life;
        Self {
            character_id: standing.character_id,
            version: standing.version,
            age: life.age,
            attributes: life.attributes.into(),
            aptitudes: life.aptitudes.into(),
            skills: life.skills.into(),
            traits: life.traits.into(),
            body: (&life.body).into(),
            health: HealthOut::from(&life.health),
            happiness: life.happiness,
            mood: life.mood.into(),
        }
    }
}
