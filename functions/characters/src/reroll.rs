//! Throw the dice of a draft again: other parents, other gifts, the same wishes.

use axum::routing::post;
use engine::Seed;
use platform::{
    ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::{
        Json, Path,
        idem::{AtVersion, Idem, IfMatch},
    },
    ids::CharacterId,
    text::Text,
};
use serde_json::json;

use crate::{draft::deal_again, view::CharacterOut};

/// Times a draft may be dealt anew.
const MOST: u16 = 10;

/// `POST /api/v1/characters/{character_id}/reroll`.
pub const ROUTE: Route = Route::post("character-reroll", "/api/v1/characters/{character_id}/reroll")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Throw the dice of a draft again",
                "Family, body, temperament and gifts are dealt anew by the same wishes, up to ten times, until the life begins.",
            )
            .body::<AtVersion>(json!({"expected_version": 1}))
            .if_match()
            .answers::<CharacterOut>(200, "The draft as it now is.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["ALREADY_STARTED", "QUOTA_REACHED"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| post(reroll));

async fn reroll(
    me: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<AtVersion>,
) -> Reply<CharacterOut> {
    let expected = expected.or_body(req.expected_version)?;
    let seed = Seed(cx.random());
    deal_again(&cx, &me, &idem, id, expected, |draft| {
        if draft.rerolls_used >= MOST {
            let text = Text::new("The dice of this draft have been thrown often enough.", "该角色的重掷次数已用完。");
            return Err(ApiError::new(Code::Conflict, text).reason("QUOTA_REACHED").detail("limit", MOST));
        }
        Ok((draft.life.spec.clone(), seed))
    })
    .await
}
