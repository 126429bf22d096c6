//! Where a life stands.

use axum::routing::get;
use platform::{Answer, Code, Cx, Reply, Route, auth::Player, http::Path, ids::CharacterId, store::lives};

use crate::{error::GameError, view::StateOut};

/// `GET /api/v1/game/state/{character_id}`.
pub const ROUTE: Route = Route::get("game-state", "/api/v1/game/state/{character_id}")
    .docs(|operation| {
        operation
            .about(
                "Where a life stands",
                "Everything a client needs to show the present year and what can be done next.",
            )
            .answers::<StateOut>(200, "The state.")
            .revalidates()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(state));

async fn state(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<StateOut> {
    let standing = lives::owned_by(cx.db(), me.id, id).await?.ok_or(GameError::NoSuchLife)?;
    let (version, life, recent) = (standing.version, &standing.life, &standing.recent);
    let out = StateOut::of(cx.content(), cx.locale(), id, version, life, recent);
    Ok(Answer::ok(&out)?.versioned(&cx, version))
}
