//! Wish otherwise for a draft: what the dice have nothing to do with.

use axum::routing::put;
use deserr::Deserr;
use engine::LifeSpec;
use platform::{
    ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::{
        FieldErrors, Json, Path,
        idem::{Idem, IfMatch},
        wishes::{Mortality, Name},
    },
    ids::CharacterId,
    text::Text,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{draft::deal_again, view::CharacterOut};

/// `PUT /api/v1/characters/{character_id}`.
pub const ROUTE: Route = Route::put("character-update", "/api/v1/characters/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Wish otherwise for a draft",
                "The dice stay as they fell. What is left out stays as it is. Once the life has begun, who it is belongs to its story and cannot be changed; another place or year is another life: create one.",
            )
            .body::<UpdateIn>(json!({"expected_version": 1, "character_name": "林平", "ranked": false}))
            .if_match()
            .answers::<CharacterOut>(200, "The draft as it now is.")
            .fails(Code::NotFound, &[])
            .fails(Code::Conflict, &["ALREADY_STARTED"])
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| put(update));

/// The wishes that are other than before.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct UpdateIn {
    /// The version of the draft; or send If-Match.
    #[deserr(default)]
    expected_version: Option<i64>,
    #[deserr(default)]
    character_name: Option<Name>,
    /// Told, never weighed.
    #[deserr(default)]
    ethnicity: Option<Name>,
    #[deserr(default)]
    mortality: Option<Mortality>,
    /// Whether the life counts for leaderboards.
    #[deserr(default)]
    ranked: Option<bool>,
}

impl UpdateIn {
    /// Whether nothing is wished for.
    fn is_bare(&self) -> bool {
        self.character_name.is_none() && self.ethnicity.is_none() && self.mortality.is_none() && self.ranked.is_none()
    }

    /// The old wishes with the new ones in their places.
    fn over(self, old: &LifeSpec) -> LifeSpec {
        LifeSpec {
            name: self.character_name.map_or_else(|| old.name.clone(), |Name(name)| name),
            ethnicity: self.ethnicity.map(|Name(name)| name).or_else(|| old.ethnicity.clone()),
            mortality: self.mortality.map_or(old.mortality, Into::into),
            ranked: self.ranked.unwrap_or(old.ranked),
            ..old.clone()
        }
    }
}

async fn update(
    me: Player,
    cx: Cx,
    idem: Idem,
    expected: IfMatch,
    Path(id): Path<CharacterId>,
    Json(req): Json<UpdateIn>,
) -> Reply<CharacterOut> {
    let expected = expected.or_body(req.expected_version)?;
    if req.is_bare() {
        let text = Text::new("Give something that is to change.", "请至少给出一项要修改的内容。");
        return Err(ApiError::invalid_field("character_name", "required", text));
    }
    deal_again(&cx, &me, &idem, id, expected, |draft| Ok((req.over(&draft.life.spec), draft.life.seed))).await
}
