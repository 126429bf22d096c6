//! Begin a life: the birth.

use axum::routing::post;
use engine::Status;
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::{Life, Roster},
    http::{
        Json, Path,
        idem::{AtVersion, Idem, IfMatch},
    },
    ids::CharacterId,
    store::{idempotency, lives::Standing},
};
use serde_json::json;

use crate::{error::GameError, lived::Lived, view::StateOut};

/// `POST /api/v1/game/start/{character_id}`.
pub const ROUTE: Route = Route::post("game-start", "/api/v1/game/start/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("Begin a life", "Starting a life that has begun answers with its state, unchanged.")
            .body::<AtVersion>(json!({"expected_version": 1}))
            .if_match()
            .answers::<StateOut>(200, "The life has begun.")
            .fails(Code::NotFound, &[])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(start));

async fn start(
    me: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<AtVersion>,
) -> Reply<StateOut> {
    let expected = expected.or_body(req.expected_version)?;
    let standing = cx.claim(Life(me.id, id), Roster(me.id), expected).await?.ok_or(GameError::NoSuchLife)?;
    if standing.life.status != Status::Draft {
        return begun(&cx, &idem, &standing).await;
    }
    if let Err(moved_on) = standing.at_version(expected) {
        return idempotency::first_answer_or(&cx, &idem, moved_on).await;
    }
    let step = cx.in_span("engine.start", || engine::start(cx.content(), &standing.life)).map_err(GameError::from)?;
    let lived = Lived::first(&cx, &standing, step);
    let state = lived.state(&cx);
    match lived.store(&cx, &idem, &state).await {
        // Another start came first; to start a life that has begun is no error.
        Err(error) if error.code() == Code::PreconditionFailed => {
            let standing = cx.read(Life(me.id, id)).await?.ok_or(GameError::NoSuchLife)?;
            begun(&cx, &idem, &standing).await
        }
        reply => reply,
    }
}

/// The first answer to this request, or the state of the life as it stands.
async fn begun(cx: &Cx, idem: &Idem, standing: &Standing) -> Reply<StateOut> {
    if let Some(first) = idempotency::find(cx, idem).await? {
        return Ok(first);
    }
    let Standing { character_id, version, life, recent, .. } = standing;
    let state = StateOut::of(cx.content(), cx.locale(), *character_id, *version, life, recent);
    Ok(Answer::ok(&state)?.versioned(cx, *version))
}
