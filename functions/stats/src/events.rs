//! What has happened in a life, counted.

use axum::routing::get;
use engine::{EventRecord, EventType, Stage};
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::Path,
    ids::CharacterId,
    store::{lives::Standing, stats},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::impact::Impact;

/// `GET /api/v1/stats/{character_id}/events`.
pub const ROUTE: Route = Route::get("stats-events", "/api/v1/stats/{character_id}/events")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "What has happened in a life, counted",
                "By type, by part of life, by ten years of age, and by what it did.",
            )
            .answers::<EventStatsOut>(200, "The counts.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(events));

/// Events of a life, counted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventStatsOut {
    character_id: CharacterId,
    version: i64,
    total: usize,
    /// Decisions taken among them.
    decisions: usize,
    /// `random`, `choice`, `development`, `relationship` and `era`.
    by_type: Vec<CountOut>,
    /// By `life_stage`, in order.
    by_stage: Vec<CountOut>,
    /// By age: `0`, `10`, … is the first of ten years.
    by_age: Vec<CountOut>,
    /// `good`, `bad` or `neutral`: points won less points lost of attributes, skills, body, mind and happiness.
    by_impact: Vec<CountOut>,
}

/// How many of what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountOut {
    key: String,
    count: usize,
}

async fn events(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<EventStatsOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| {
        let records = stats::events(cx.db(), &standing).await?;
        Answer::ok(&EventStatsOut::of(&standing, &records))
    });
    answer.await?.ok_or_else(ApiError::no_such_character)
}

impl EventStatsOut {
    fn of(standing: &Standing, records: &[EventRecord]) -> Self {
        let count = |key: &str, is: &dyn Fn(&EventRecord) -> bool| CountOut {
            key: key.to_owned(),
            count: records.iter().filter(|record| is(record)).count(),
        };
        let by_age = (0..=standing.life.age / 10).map(|ten| count(&(ten * 10).to_string(), &|it| it.age / 10 == ten));
        let by_type = EventType::ALL.iter().map(|kind| count(kind.as_str(), &|it| it.event_type == *kind));
        let by_stage = Stage::ALL.iter().map(|stage| count(stage.as_str(), &|it| it.stage == *stage));
        let by_impact = Impact::ALL.iter().map(|impact| count(impact.as_str(), &|it| Impact::of(it) == *impact));
        Self {
            character_id: standing.character_id,
            version: standing.version,
            total: records.len(),
            decisions: records.iter().filter(|record| record.decision.is_some()).count(),
            by_type: by_type.collect(),
            by_stage: by_stage.collect(),
            by_age: by_age.collect(),
            by_impact: by_impact.collect(),
        }
    }
}
