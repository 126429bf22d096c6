//! Where a life stands.

use axum::routing::get;
use platform::{Answer, Code, Cx, Reply, Route, auth::Player, cache::aggregate::Life, http::Path, ids::CharacterId};

use crate::{error::GameError, view::StateOut};

/// `GET /api/v1/game/state/{character_id}`.
pub const ROUTE: Route = Route::get("game-state", "/api/v1/game/state/{character_id}")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Where a life stands",
                "Everything a client needs to show the present year and what can be done next.",
            )
            .answers::<StateOut>(200, "The state.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(state));

async fn state(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<StateOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| {
        let (version, life, recent) = (standing.version, &standing.life, &standing.recent);
        Answer::ok(&StateOut::of(cx.content(), cx.locale(), id, version, life, recent))
    });
    Ok(answer.await?.ok_or(GameError::NoSuchLife)?)
}
