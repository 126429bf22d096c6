//! Go another way from some age on: a life of its own that shares the past, and keeps every die that the other way does
//! not touch.

use axum::routing::post;
use deserr::Deserr;
use engine::{Moment, Status};
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::{FieldErrors, Json, Path, idem::Idem},
    ids::CharacterId,
    store::{
        achievements::Unlock,
        branches, content_blobs, idempotency,
        lives::{self, Standing},
    },
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    error::GameError,
    fields::Age,
    view::{BegunOut, StateOut},
};

/// `POST /api/v1/game/branch/{character_id}`.
pub const ROUTE: Route = Route::post("game-branch", "/api/v1/game/branch/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Go another way from some age on",
                "Makes a new life that shares the past up to `from_age` and stands where this one stood when it had just become that age, with the decision that waited then. The old life stays as it is. A branch is never ranked.",
            )
            .body::<BranchIn>(json!({"from_age": 30}))
            .answers::<BegunOut>(201, "Branched.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["NOT_STARTED", "NOT_YET_LIVED", "LIFE_ENDED", "RULES_CHANGED"])
    })
    .build(|| post(branch));

/// Where to part.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct BranchIn {
    from_age: Age,
}

async fn branch(
    me: Player,
    cx: Cx,
    idem: Idem,
    Path(id): Path<CharacterId>,
    Json(req): Json<BranchIn>,
) -> Reply<BegunOut> {
    let parent = cx.read(Life(me.id, id)).await?.ok_or(GameError::NoSuchLife)?;
    let moment = match find(&cx, me, &parent, req.from_age).await? {
        Ok(moment) => moment,
        Err(refused) => return idempotency::first_answer_or(&cx, &idem, refused).await,
    };
    let (character_id, now) = (CharacterId(cx.new_id()), cx.now());
    let branch = Standing {
        character_id,
        lineage_id: parent.lineage_id,
        parent_character_id: Some(id),
        branched_at_age: Some(moment.life.age),
        version: 1,
        life: moment.life,
        recent: moment.recent,
        unlocks: shared(&parent.unlocks, moment.entries),
        created_at: now,
        updated_at: now,
    };
    let state = StateOut::of(cx.content(), cx.locale(), character_id, 1, &branch.life, &branch.recent);
    let answer = Answer::created(&BegunOut::of(&branch, state))?.versioned(&cx, 1);
    let stored = branches::branch(&cx, &idem, id, &branch, moment.entries, answer).await?;
    Ok(stored.ok_or(GameError::NoSuchLife)?)
}

/// What was achieved in the past that both share.
fn shared(unlocks: &[Unlock], entries: usize) -> Vec<Unlock> {
    unlocks.iter().filter(|unlock| (unlock.entry_seq as usize) < entries).cloned().collect()
}

/// The life as it stood at that age, or why it cannot be had.
async fn find(
    cx: &Cx,
    me: Player,
    parent: &Standing,
    Age(age): Age,
) -> Result<Result<Moment, GameError>, platform::ApiError> {
    if parent.life.status == Status::Draft {
        return Ok(Err(GameError::Refused(engine::InputError::NotStarted)));
    }
    if age > parent.life.age {
        return Ok(Err(GameError::NotYetLived { age: parent.life.age }));
    }
    let log = lives::log(cx.db(), me.id, parent.character_id, parent.version).await?;
    let contents = content_blobs::contents_of(cx, &log).await?;
    let found = cx.in_span("engine.replay", || engine::replay_to_age(|hash| contents.of(hash), &log, age));
    Ok(match found {
        Ok(Some(moment)) if moment.life.status == Status::Dead => {
            Err(GameError::Refused(engine::InputError::LifeEnded))
        }
        Ok(Some(moment)) => Ok(moment),
        Ok(None) => Err(GameError::NotYetLived { age: parent.life.age }),
        Err(error) => Err(GameError::Unreplayable(error)),
    })
}
