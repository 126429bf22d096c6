//! Deal a new life: the player wishes for a name, a place and a year; the dice give the rest.

use axum::routing::post;
use deserr::Deserr;
use engine::LifeSpec;
use platform::{
    Answer, Cx, Reply, Route,
    auth::Player,
    dealing::deal,
    http::{
        FieldErrors, Json,
        idem::Idem,
        wishes::{BirthYear, CountryCode, Mortality, Name},
        word::GenderWord,
    },
    store::characters,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::view::CharacterOut;

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
    let dealt = deal(&cx, spec, None)?;
    let answer = Answer::created(&CharacterOut::of(cx.content(), cx.locale(), &dealt.standing))?.versioned(&cx, 1);
    characters::create(&cx, &idem, &dealt, answer).await
}
