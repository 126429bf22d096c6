//! Keep the present moment of a life.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{
        FieldErrors, Json, Path,
        idem::{Idem, IfMatch},
        wishes::Name,
    },
    ids::CharacterId,
    saving::{self, Wishes},
    view::SaveOut,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::fields::Description;

/// `POST /api/v1/saves/{character_id}`.
pub const ROUTE: Route = Route::post("save-create", "/api/v1/saves/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Keep the present moment",
                "A life has up to 1,000 such saves, beside the quick slot and what the game keeps by itself.",
            )
            .body::<SaveIn>(json!({"expected_version": 57, "save_name": "Before the exam", "description": null}))
            .if_match()
            .answers::<SaveOut>(201, "Kept.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["NOT_STARTED", "LIFE_ENDED", "QUOTA_REACHED"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(create));

/// What to call it.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct SaveIn {
    /// The version to be kept; or send If-Match.
    #[deserr(default)]
    expected_version: Option<i64>,
    /// When left out, it is called after the part of life and the age.
    #[deserr(default)]
    save_name: Option<Name>,
    #[deserr(default)]
    description: Option<Description>,
}

async fn create(
    _: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<SaveIn>,
) -> Reply<SaveOut> {
    let expected = expected.or_body(req.expected_version)?;
    let wishes = Wishes {
        name: req.save_name.map(|Name(name)| name),
        description: req.description.map(|Description(text)| text).filter(|text| !text.is_empty()),
        is_quick: false,
    };
    saving::keep(&cx, &idem, id, expected, wishes).await
}
