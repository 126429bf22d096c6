//! Go another way from some age on: a life of its own that shares the past, and keeps every die that the other way does
//! not touch.

use axum::routing::post;
use deserr::Deserr;
use engine::{Moment, Status};
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    branching,
    cache::aggregate::Life,
    http::{FieldErrors, Json, Path, idem::Idem},
    ids::CharacterId,
    route::Rate,
    store::{
        content_blobs, idempotency,
        lives::{self, Standing},
    },
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{error::GameError, fields::Age, view::BegunOut};

/// `POST /api/v1/game/branch/{character_id}`.
pub const ROUTE: Route = Route::post("game-branch", "/api/v1/game/branch/{character_id}")
    .idempotent()
    .passes_in_handler()
    .rate(Rate::Relive)
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
    branching::part(&cx, &idem, &parent, moment.life, moment.recent).await
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
