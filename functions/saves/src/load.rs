//! Go on from a save: a life of its own, so that what was lived since stays.

use axum::routing::post;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{
        Json, Path,
        idem::{AtVersion, Idem},
    },
    ids::{CharacterId, SaveId},
    saving,
    view::BegunOut,
};
use serde_json::json;

/// `POST /api/v1/saves/{character_id}/{save_id}/load`.
pub const ROUTE: Route = Route::post("save-load", "/api/v1/saves/{character_id}/{save_id}/load")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Go on from a save",
                "Makes a new life that stands where this one stood when it was saved, and shares its past up to there. The old life stays as it is. A branch is never ranked.",
            )
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
    Path((id, save)): Path<(CharacterId, SaveId)>,
    Json(req): Json<AtVersion>,
) -> Reply<BegunOut> {
    saving::load(&cx, &idem, id, Some(save), req.expected_version).await
}
