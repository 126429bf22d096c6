//! A life at a glance, and where it stands among the lives of its country and time that are over.

use axum::routing::get;
use chrono::{DateTime, Utc};
use engine::Summary;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::Path,
    ids::CharacterId,
    store::{
        lives::Standing,
        stats::{self, CohortRow, Overview, StageRow},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /api/v1/stats/{character_id}/overview`.
pub const ROUTE: Route = Route::get("stats-overview", "/api/v1/stats/{character_id}/overview")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "A life at a glance",
                "With its parts, its work, and a percentile among all ranked lives of the same country and fifty years of birth that are over.",
            )
            .answers::<OverviewOut>(200, "The figures.")
            .fails(Code::NotFound, &[])
    })
    .build(|| get(overview));

/// A life at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewOut {
    character_id: CharacterId,
    version: i64,
    /// `draft`, `alive` or `dead`.
    status: &'static str,
    age: u16,
    life_stage: &'static str,
    /// Minutes spent with this life; a pause counts as five at most.
    total_play_time: i64,
    events: u32,
    different_events: u32,
    decisions: i64,
    people: u32,
    /// 0-100, as in game-summary.
    score: u8,
    /// In days of the local median wage.
    net_worth: i64,
    /// The most that ever was.
    peak_net_worth: i64,
    career_stats: CareerStatsOut,
    life_stages: Vec<LifeStageOut>,
    standing: StandingOut,
}

/// Work, over the years.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CareerStatsOut {
    /// The present occupation; null without one.
    career_id: Option<String>,
    years_worked: u16,
    jobs: u16,
    /// 0-4.
    best_rank: u8,
    /// Percent of the local median wage.
    best_pay: u16,
}

/// A part of the life.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LifeStageOut {
    life_stage: String,
    from_age: u16,
    to_age: u16,
    events: u32,
    /// Mean over its years, 0-100.
    happiness: u8,
}

impl From<StageRow> for LifeStageOut {
    fn from(row: StageRow) -> Self {
        let StageRow { life_stage, from_age, to_age, events, happiness } = row;
        Self { life_stage, from_age, to_age, events, happiness }
    }
}

/// Where the life stands among those of its country and time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandingOut {
    /// When this was true.
    as_of: DateTime<Utc>,
    birth_country: String,
    /// First and last year of birth of those it is compared with.
    born_from: u16,
    born_to: u16,
    /// How many of them are over.
    lives: i64,
    /// Percent of them with a lower score, 0-100; null while there are none.
    score_percentile: Option<i64>,
    /// Percent of them that ended younger, 0-100; null while there are none.
    age_percentile: Option<i64>,
}

impl StandingOut {
    fn of(standing: &Standing, found: &Overview) -> Self {
        let (country, era) = stats::cohort(&standing.life);
        let by = |metric: &str| found.cohort.iter().find(|row| row.metric == metric).filter(|row| row.lives > 0);
        let percentile = |row: &CohortRow| row.below * 100 / row.lives;
        Self {
            as_of: found.as_of,
            birth_country: country.to_owned(),
            born_from: era,
            born_to: era + 49,
            lives: by("score").map_or(0, |row| row.lives),
            score_percentile: by("score").map(percentile),
            age_percentile: by("age").map(percentile),
        }
    }
}

async fn overview(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<OverviewOut> {
    let standing = cx.read(Life(me.id, id)).await?.ok_or_else(ApiError::no_such_character)?;
    let summary = cx.in_span("engine.summary", || engine::summary(cx.content(), &standing.life));
    let found = stats::overview(cx.db(), &standing, summary.score, cx.now()).await?;
    Answer::ok(&OverviewOut::of(&standing, &summary, found))
}

impl OverviewOut {
    fn of(standing: &Standing, summary: &Summary, found: Overview) -> Self {
        let life = &standing.life;
        let chronicle = &life.chronicle;
        Self {
            character_id: standing.character_id,
            version: standing.version,
            status: life.status.as_str(),
            age: life.age,
            life_stage: life.stage.as_str(),
            total_play_time: found.play_s / 60,
            events: summary.events,
            different_events: summary.different_events,
            decisions: found.decisions,
            people: summary.people,
            score: summary.score,
            net_worth: life.economy.net_worth_days(),
            peak_net_worth: chronicle.peak_worth_days,
            career_stats: CareerStatsOut {
                career_id: life.career.as_ref().map(|career| career.id.clone()),
                years_worked: chronicle.years_worked,
                jobs: chronicle.jobs,
                best_rank: chronicle.best_rank,
                best_pay: chronicle.best_pay_pct,
            },
            standing: StandingOut::of(standing, &found),
            life_stages: found.stages.into_iter().map(LifeStageOut::from).collect(),
        }
    }
}
