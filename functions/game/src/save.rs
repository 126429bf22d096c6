//! Save quickly: one slot a life, written over each time.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{
        FieldErrors, Json, Path,
        idem::{Idem, IfMatch},
    },
    ids::CharacterId,
    saving::{self, Wishes},
    view::SaveOut,
};
use serde_json::json;
use utoipa::ToSchema;

/// `POST /api/v1/game/save/{character_id}`.
pub const ROUTE: Route = Route::post("game-save", "/api/v1/game/save/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("Save quickly", "Keeps the present moment in the life's quick slot, over what was there.")
            .body::<QuickSaveIn>(json!({"expected_version": 57}))
            .if_match()
            .answers::<SaveOut>(201, "Kept.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["NOT_STARTED", "LIFE_ENDED"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(save));

/// Which moment to keep.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct QuickSaveIn {
    /// The version to be kept; or send If-Match.
    #[deserr(default)]
    expected_version: Option<i64>,
}

async fn save(
    _: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<QuickSaveIn>,
) -> Reply<SaveOut> {
    let expected = expected.or_body(req.expected_version)?;
    saving::keep(&cx, &idem, id, expected, Wishes { is_quick: true, ..Wishes::default() }).await
}
