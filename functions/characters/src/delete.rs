//! Give a character up. For thirty days it can be had back.

use axum::routing;
use chrono::{DateTime, Utc};
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::Path,
    ids::CharacterId,
    store::removal::{self, RESTORABLE},
};
use serde::Serialize;
use utoipa::ToSchema;

/// `DELETE /api/v1/characters/{character_id}`.
pub const ROUTE: Route = Route::delete("character-delete", "/api/v1/characters/{character_id}")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Give a character up",
                "It is out of sight at once; character-restore brings it back for thirty days, then it is deleted with all that is its own. Branches of it stay.",
            )
            .answers::<CharacterDeleted>(200, "Given up.")
            .fails(Code::NotFound, &[])
    })
    .build(|| routing::delete(delete));

/// What was given up, and how long it can be had back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CharacterDeleted {
    character_id: CharacterId,
    restorable_until: DateTime<Utc>,
}

async fn delete(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<CharacterDeleted> {
    if removal::delete(&cx, me.id, id).await? {
        return Answer::ok(&CharacterDeleted { character_id: id, restorable_until: cx.now() + RESTORABLE });
    }
    Err(ApiError::no_such_character())
}
