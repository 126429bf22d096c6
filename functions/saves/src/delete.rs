//! Give up a save.

use axum::routing;
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    http::Path,
    ids::{CharacterId, SaveId},
    saving::SaveError,
    store::saves,
};
use serde::Serialize;
use utoipa::ToSchema;

/// `DELETE /api/v1/saves/{character_id}/{save_id}`.
pub const ROUTE: Route = Route::delete("save-delete", "/api/v1/saves/{character_id}/{save_id}")
    .docs(|operation| {
        operation
            .about("Give up a save", "For good. Lives that were begun from it stay.")
            .answers::<SaveDeleted>(200, "Given up.")
            .fails(Code::NotFound, &[])
    })
    .build(|| routing::delete(delete));

/// What was given up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SaveDeleted {
    save_id: SaveId,
}

async fn delete(me: Player, cx: Cx, Path((id, save)): Path<(CharacterId, SaveId)>) -> Reply<SaveDeleted> {
    if saves::delete(cx.db(), me.id, id, save).await? {
        return Answer::ok(&SaveDeleted { save_id: save });
    }
    Err(SaveError::NoSuchSave.into())
}
