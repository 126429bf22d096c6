//! Save quickly: one slot a life, written over each time.

use axum::routing::post;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{
        Json, Path,
        idem::{AtVersion, Idem, IfMatch},
    },
    ids::CharacterId,
    saving::{self, Wishes},
    view::SaveOut,
};
use serde_json::json;

/// `POST /api/v1/game/save/{character_id}`.
pub const ROUTE: Route = Route::post("game-save", "/api/v1/game/save/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("Save quickly", "Keeps the present moment in the life's quick slot, over what was there.")
            .body::<AtVersion>(json!({"expected_version": 57}))
            .if_match()
            .answers::<SaveOut>(201, "Kept.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["NOT_STARTED", "LIFE_ENDED"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(save));

async fn save(
    _: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<AtVersion>,
) -> Reply<SaveOut> {
    let expected = expected.or_body(req.expected_version)?;
    saving::keep(&cx, &idem, id, expected, Wishes { is_quick: true, ..Wishes::default() }).await
}
