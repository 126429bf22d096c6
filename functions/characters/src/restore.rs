//! Have a character back that was given up.

use axum::routing::post;
use platform::{
    ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::Path,
    ids::CharacterId,
    store::{
        characters::MOST_CHARACTERS,
        removal::{self, Restored},
    },
};

use crate::{get::shown, view::CharacterOut};

/// `POST /api/v1/characters/{character_id}/restore`.
pub const ROUTE: Route = Route::post("character-restore", "/api/v1/characters/{character_id}/restore")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Have a character back",
                "Within thirty days after it was given up. Restoring one that was not given up answers with it, unchanged.",
            )
            .answers::<CharacterOut>(200, "It is back.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["QUOTA_REACHED"])
    })
    .build(|| post(restore));

async fn restore(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<CharacterOut> {
    match removal::restore(&cx, me.id, id).await? {
        Restored::Now | Restored::NotGone => shown(&cx, &me, id).await,
        Restored::NoRoom => Err(ApiError::too_many_characters(MOST_CHARACTERS)),
    }
}
