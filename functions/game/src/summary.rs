//! What a life came to: scores, grades, and what they are made of.

use axum::routing::get;
use engine::{Graded, Summary};
use platform::{
    Answer, Code, Cx, Reply, Route, auth::Player, cache::aggregate::Life, http::Path, ids::CharacterId,
    store::lives::Standing,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{error::GameError, view::DeathOut};

/// `GET /api/v1/game/summary/{character_id}`.
pub const ROUTE: Route = Route::get("game-summary", "/api/v1/game/summary/{character_id}")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "What a life came to",
                "At its end, or as it stands: a score and a grade in six categories, each with its reasons.",
            )
            .answers::<SummaryOut>(200, "The summary.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(summary));

/// What a life came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryOut {
    character_id: CharacterId,
    version: i64,
    character_name: String,
    birth_year: u16,
    /// Null while it goes on.
    death: Option<DeathOut>,
    age: u16,
    /// How much longer than usual there and then, years; negative if shorter.
    years_beyond_usual: i32,
    /// 0-100: the mean of the categories, the best counted twice.
    score: u8,
    /// `S`, `A`, `B`, `C` or `D`.
    grade: String,
    categories: Vec<CategoryOut>,
    /// What is left to the heirs, in days of the local median wage.
    estate: i64,
    /// Living heirs: spouse and children.
    heirs: u16,
    /// Events lived through.
    events: u32,
    /// Different events among them.
    different_events: u32,
    /// People met.
    people: u32,
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryOut {
    /// `career`, `family`, `social`, `personal`, `wealth` or `health`.
    category: String,
    /// 0-100.
    score: u8,
    grade: String,
    /// What the score is made of; the points sum to it before it is kept within 0-100.
    reasons: Vec<ReasonOut>,
}

/// A part of a score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonOut {
    /// For what: `career.best_rank`, `family.children`, …
    source: &'static str,
    points: i32,
}

async fn summary(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<SummaryOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| {
        let summary = cx.in_span("engine.summary", || engine::summary(cx.content(), &standing.life));
        let death = standing.life.death.as_ref().map(|death| DeathOut::of(cx.content(), cx.locale(), death));
        Answer::ok(&SummaryOut::of(&standing, death, summary))
    });
    Ok(answer.await?.ok_or(GameError::NoSuchLife)?)
}

impl SummaryOut {
    fn of(standing: &Standing, death: Option<DeathOut>, summary: Summary) -> Self {
        let Standing { character_id, version, life, .. } = standing;
        Self {
            character_id: *character_id,
            version: *version,
            character_name: life.spec.name.clone(),
            birth_year: life.spec.birth_year,
            death,
            age: summary.age,
            years_beyond_usual: summary.years_beyond_usual,
            score: summary.score,
            grade: word(summary.grade),
            categories: summary.categories.into_iter().map(CategoryOut::from).collect(),
            estate: summary.estate_days,
            heirs: summary.heirs,
            events: summary.events,
            different_events: summary.different_events,
            people: summary.people,
        }
    }
}

impl From<Graded> for CategoryOut {
    fn from(graded: Graded) -> Self {
        let reasons = graded.reasons.into_iter();
        Self {
            category: word(graded.category),
            score: graded.score,
            grade: word(graded.grade),
            reasons: reasons.map(|reason| ReasonOut { source: reason.source, points: reason.points }).collect(),
        }
    }
}

/// The word that the engine's own JSON uses.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
