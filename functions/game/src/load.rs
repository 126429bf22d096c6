//! Go on from the quick save, as a life of its own.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{FieldErrors, Json, Path, idem::Idem},
    ids::CharacterId,
    saving,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::view::BegunOut;

/// `POST /api/v1/game/load/{character_id}`.
pub const ROUTE: Route = Route::post("game-load", "/api/v1/game/load/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("Go on from the quick save", "As save-load, with what is in the life's quick slot.")
            .body::<QuickLoadIn>(json!({"expected_version": 60}))
            .answers::<BegunOut>(201, "Loaded.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["SAVE_DAMAGED"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(load));

/// Which state the player has before him.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct QuickLoadIn {
    /// If given, the life must stand at this version.
    #[deserr(default)]
    expected_version: Option<i64>,
}

async fn load(
    _: Player,
    cx: Cx,
    idem: Idem,
    Path(id): Path<CharacterId>,
    Json(req): Json<QuickLoadIn>,
) -> Reply<BegunOut> {
    saving::load(&cx, &idem, id, None, req.expected_version).await
}
