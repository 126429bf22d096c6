//! How the numbers of a life went, year by year.

use axum::routing::get;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::Path,
    ids::CharacterId,
    store::{
        lives::Standing,
        stats::{self, YearRow},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /api/v1/stats/{character_id}/attributes`.
pub const ROUTE: Route = Route::get("stats-attributes", "/api/v1/stats/{character_id}/attributes")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "How the numbers of a life went",
                "The five attributes, happiness, body, mind and net worth: now, at their highest, on average, and year by year. What was lived before these were kept is left out.",
            )
            .answers::<AttributeStatsOut>(200, "The figures.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(attributes));

/// The numbers of a life over its years.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttributeStatsOut {
    character_id: CharacterId,
    version: i64,
    /// The ages that each series is about, in the same order.
    ages: Vec<i16>,
    /// The same as calendar years.
    years: Vec<i16>,
    attributes: Vec<SeriesOut>,
}

/// One number over the years.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesOut {
    /// `intelligence`, `constitution`, `charisma`, `willpower`, `creativity`, `happiness`, `physical`, `mental` or `net_worth`.
    attribute: &'static str,
    /// Null before the first year.
    current: Option<i64>,
    peak: Option<i64>,
    /// When it was first at its peak.
    peak_age: Option<i16>,
    /// Rounded towards zero.
    average: Option<i64>,
    series: Vec<i64>,
}

type Number = fn(&YearRow) -> i64;

/// What is followed, as clients know it.
const NUMBERS: [(&str, Number); 9] = [
    ("intelligence", |row| row.intelligence.into()),
    ("constitution", |row| row.constitution.into()),
    ("charisma", |row| row.charisma.into()),
    ("willpower", |row| row.willpower.into()),
    ("creativity", |row| row.creativity.into()),
    ("happiness", |row| row.happiness.into()),
    ("physical", |row| row.physical.into()),
    ("mental", |row| row.mental.into()),
    ("net_worth", |row| row.net_worth),
];

async fn attributes(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<AttributeStatsOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| {
        let rows = stats::years(cx.db(), id).await?;
        Answer::ok(&AttributeStatsOut::of(&standing, &rows))
    });
    answer.await?.ok_or_else(ApiError::no_such_character)
}

impl AttributeStatsOut {
    fn of(standing: &Standing, rows: &[YearRow]) -> Self {
        Self {
            character_id: standing.character_id,
            version: standing.version,
            ages: rows.iter().map(|row| row.age).collect(),
            years: rows.iter().map(|row| row.year).collect(),
            attributes: NUMBERS.map(|(attribute, number)| SeriesOut::of(attribute, number, rows)).into(),
        }
    }
}

impl SeriesOut {
    fn of(attribute: &'static str, number: Number, rows: &[YearRow]) -> Self {
        let series: Vec<i64> = rows.iter().map(number).collect();
        let peak = series.iter().copied().max();
        let at = series.iter().position(|value| Some(*value) == peak);
        let count = i64::try_from(series.len()).unwrap_or(i64::MAX);
        Self {
            attribute,
            current: series.last().copied(),
            peak,
            peak_age: at.map(|at| rows[at].age),
            average: (count > 0).then(|| series.iter().sum::<i64>() / count),
            series,
        }
    }
}
