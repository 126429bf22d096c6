//! Deal a new life: the player wishes for a name, a place and a year; the dice give the rest.

use axum::routing::post;
use deserr::Deserr;
use engine::{LifeSpec, Seed, SpecError};
use platform::{
    Answer, ApiError, Cx, Reply, Route,
    auth::Player,
    http::{FieldErrors, Json, idem::Idem, word::GenderWord},
    ids::CharacterId,
    store::{
        characters::{self, NewCharacter},
        lives::Standing,
    },
    text::Text,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    fields::{BirthYear, CountryCode, Mortality, Name},
    view::CharacterOut,
};

/// `POST /api/v1/characters`.
pub const ROUTE: Route = Route::post("character-create", "/api/v1/characters")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Deal a new life",
                "Family, body, temperament and gifts are dealt by the life's own dice. The life is a draft until game-start.",
            )
            .body::<CreateIn>(json!({
                "character_name": "林安", "birth_country": "CN", "birth_year": 1962, "gender": null,
                "ethnicity": null, "mortality": "gentle", "ranked": true
            }))
            .answers::<CharacterOut>(201, "Dealt.")
    })
    .build(|| post(create));

/// The wishes.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct CreateIn {
    character_name: Name,
    birth_country: CountryCode,
    birth_year: BirthYear,
    /// Dealt when null or left out.
    #[deserr(default)]
    gender: Option<GenderWord>,
    /// Told, never weighed.
    #[deserr(default)]
    ethnicity: Option<Name>,
    /// `gentle` when left out.
    #[deserr(default)]
    mortality: Option<Mortality>,
    /// Whether the life counts for leaderboards; true when left out.
    #[deserr(default)]
    ranked: Option<bool>,
}

async fn create(_: Player, cx: Cx, idem: Idem, Json(req): Json<CreateIn>) -> Reply<CharacterOut> {
    let spec = LifeSpec {
        name: req.character_name.0,
        country: req.birth_country.0,
        birth_year: req.birth_year.0,
        gender: req.gender.map(|GenderWord(gender)| gender),
        ethnicity: req.ethnicity.map(|ethnicity| ethnicity.0),
        mortality: req.mortality.map(Into::into).unwrap_or_default(),
        ranked: req.ranked.unwrap_or(true),
        content_filter: Vec::new(),
    };
    let life = cx.in_span("engine.new_life", || engine::new_life(cx.content(), spec, Seed(cx.random())));
    let life = life.map_err(|error| refused(&error))?;
    let birth = engine::birth_entry(cx.content(), &life);
    let character_id = CharacterId(cx.new_id());
    let now = cx.now();
    let standing = Standing {
        character_id,
        lineage_id: character_id.0,
        parent_character_id: None,
        version: 1,
        life,
        recent: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let answer = Answer::created(&CharacterOut::of(cx.content(), cx.locale(), &standing))?.versioned(&cx, 1);
    let new = NewCharacter { standing: &standing, birth: &birth };
    characters::create(&cx, &idem, &new, answer).await
}

fn refused(error: &SpecError) -> ApiError {
    match error {
        SpecError::UnknownCountry(_) => ApiError::invalid_field(
            "birth_country",
            "one_of",
            Text::new(
                "No such country; see /api/v1/catalog/countries.",
                "没有这个国家或地区，见 /api/v1/catalog/countries。",
            ),
        ),
        SpecError::BirthYearOutOfRange(_) => ApiError::invalid_field(
            "birth_year",
            "range",
            Text::new("Must be 1800 to 2050.", "必须在 1800 到 2050 之间。"),
        ),
        SpecError::CountryNotInYear { from, to, .. } => ApiError::invalid_field(
            "birth_year",
            "range",
            Text::filled(
                format!("In this country a life can begin in {from} to {to}."),
                format!("在该国家或地区，人生可始于 {from} 到 {to} 年。"),
            ),
        ),
    }
}
