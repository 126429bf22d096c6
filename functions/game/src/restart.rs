//! Begin anew (重制): another life of the same lineage, dealt with new dice. The old one stays readable.

use axum::routing::post;
use deserr::Deserr;
use engine::LifeSpec;
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    dealing::deal,
    http::{
        FieldErrors, Json, Path,
        idem::Idem,
        wishes::{BirthYear, CountryCode, Mortality, Name},
        word::GenderWord,
    },
    ids::CharacterId,
    store::characters,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    error::GameError,
    view::{BegunOut, StateOut},
};

/// `POST /api/v1/game/restart/{character_id}`.
pub const ROUTE: Route = Route::post("game-restart", "/api/v1/game/restart/{character_id}")
    .idempotent()
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Begin anew",
                "Deals another life of the same lineage, a draft; what is not wished for anew is as it was for this life. The old life stays readable.",
            )
            .body::<RestartIn>(json!({"birth_country": "JP", "birth_year": 1925}))
            .answers::<BegunOut>(201, "Dealt.")
            .fails(Code::NotFound, &[])
    })
    .build(|| post(restart));

/// The wishes that are other than before.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct RestartIn {
    #[deserr(default)]
    character_name: Option<Name>,
    #[deserr(default)]
    birth_country: Option<CountryCode>,
    #[deserr(default)]
    birth_year: Option<BirthYear>,
    #[deserr(default)]
    gender: Option<GenderWord>,
    #[deserr(default)]
    ethnicity: Option<Name>,
    #[deserr(default)]
    mortality: Option<Mortality>,
    /// Whether the life counts for leaderboards.
    #[deserr(default)]
    ranked: Option<bool>,
}

impl RestartIn {
    /// The old wishes with the new ones in their places.
    fn over(self, old: &LifeSpec) -> LifeSpec {
        LifeSpec {
            name: self.character_name.map_or_else(|| old.name.clone(), |Name(name)| name),
            country: self.birth_country.map_or_else(|| old.country.clone(), |CountryCode(code)| code),
            birth_year: self.birth_year.map_or(old.birth_year, |BirthYear(year)| year),
            gender: self.gender.map(|GenderWord(gender)| gender).or(old.gender),
            ethnicity: self.ethnicity.map(|Name(name)| name).or_else(|| old.ethnicity.clone()),
            mortality: self.mortality.map_or(old.mortality, Into::into),
            ranked: self.ranked.unwrap_or(old.ranked),
            content_filter: old.content_filter.clone(),
        }
    }
}

async fn restart(
    me: Player,
    cx: Cx,
    idem: Idem,
    Path(id): Path<CharacterId>,
    Json(req): Json<RestartIn>,
) -> Reply<BegunOut> {
    let old = cx.read(Life(me.id, id)).await?.ok_or(GameError::NoSuchLife)?;
    let dealt = deal(&cx, req.over(&old.life.spec), Some(&old))?;
    let new = &dealt.standing;
    let state = StateOut::of(cx.content(), cx.locale(), new.character_id, 1, &new.life, &new.recent);
    let answer = Answer::created(&BegunOut::of(new, state))?.versioned(&cx, 1);
    characters::create(&cx, &idem, &dealt, answer).await
}
