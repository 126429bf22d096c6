//! Go on from the quick save, as a life of its own.

use axum::routing::post;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{
        Json, Path,
        idem::{AtVersion, Idem},
    },
    ids::CharacterId,
    saving,
};
use serde_json::json;

use crate::view::BegunOut;

/// `POST /api/v1/game/load/{character_id}`.
pub const ROUTE: Route = Route::post("game-load", "/api/v1/game/load/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("Go on from the quick save", "As save-load, with what is in the life's quick slot.")
            .body::<AtVersion>(json!({"expected_version": 60}))
            .answers::<BegunOut>(201, "Loaded.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["SAVE_DAMAGED"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(load));

async fn load(
    _: Player,
    cx: Cx,
    idem: Idem,
    Path(id): Path<CharacterId>,
    Json(req): Json<AtVersion>,
) -> Reply<BegunOut> {
    saving::load(&cx, &idem, id, None, req.expected_version).await
}
