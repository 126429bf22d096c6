//! One save, and the life as it then stood.

use axum::routing;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::Path,
    ids::{CharacterId, SaveId},
    saving,
    view::{SaveOut, StateOut},
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /api/v1/saves/{character_id}/{save_id}`.
pub const ROUTE: Route = Route::get("save-get", "/api/v1/saves/{character_id}/{save_id}")
    .docs(|operation| {
        operation
            .about(
                "A save",
                "With the life as it then stood. A save that is not what it was when it was made is refused.",
            )
            .answers::<SavedOut>(200, "The save.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["SAVE_DAMAGED"])
    })
    .build(|| routing::get(get));

/// A save with what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedOut {
    save: SaveOut,
    state: StateOut,
}

async fn get(me: Player, cx: Cx, Path((id, save)): Path<(CharacterId, SaveId)>) -> Reply<SavedOut> {
    let (save, (life, recent)) = saving::opened(&cx, me.id, id, Some(save)).await?.map_err(ApiError::from)?;
    let state = StateOut::of(cx.content(), cx.locale(), id, save.version, &life, &recent);
    Answer::ok(&SavedOut { save: SaveOut::of(&cx, &save), state })
}
