//! The turns of a life: where a part of it began, what happens once, what was decided, and what weighed most.

use axum::routing::get;
use engine::{Content, EventRecord, Locale};
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

use crate::impact::points;

/// Points from which an event is a turn by itself.
const WEIGHTY: i64 = 8;

/// `GET /api/v1/stats/{character_id}/timeline`.
pub const ROUTE: Route = Route::get("stats-timeline", "/api/v1/stats/{character_id}/timeline")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "The turns of a life",
                "In order: the birth, where each part of life began, events that happen once, decisions, events that weighed much, and the death.",
            )
            .answers::<TimelineOut>(200, "The turns.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(timeline));

/// The turns of a life.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineOut {
    character_id: CharacterId,
    version: i64,
    turns: Vec<TurnOut>,
}

/// A turn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnOut {
    /// `birth`, `stage`, `milestone`, `decision`, `event` or `death`.
    kind: &'static str,
    age: u16,
    /// Calendar year.
    year: u16,
    title: String,
    /// The event it was; null for a birth, a stage and a death.
    event_seq: Option<u32>,
    /// Points won less points lost, as in stats-events.
    impact: i64,
}

async fn timeline(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<TimelineOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| {
        let (records, years) = (stats::events(cx.db(), &standing).await?, stats::years(cx.db(), id).await?);
        let stages = years.iter().map(|row| (row.age.unsigned_abs(), row.year.unsigned_abs(), row.life_stage.as_str()));
        Answer::ok(&TimelineOut::of(cx.content(), cx.locale(), &standing, &records, stages))
    });
    answer.await?.ok_or_else(ApiError::no_such_character)
}

impl TimelineOut {
    /// `stages` are age, calendar year and part of life, by age.
    fn of<'a>(
        content: &Content,
        locale: Locale,
        standing: &Standing,
        records: &[EventRecord],
        stages: impl Iterator<Item = (u16, u16, &'a str)>,
    ) -> Self {
        let life = &standing.life;
        let label = |group, id: &str| content.label(locale, group, id).to_owned();
        let born = TurnOut::plain("birth", 0, life.spec.birth_year, label("stage", "infancy"));
        let mut before = "infancy";
        let began = stages.filter_map(|(age, year, stage)| {
            let is_new = std::mem::replace(&mut before, stage) != stage;
            is_new.then(|| TurnOut::plain("stage", age, year, label("stage", stage)))
        });
        let mut turns: Vec<_> = std::iter::once(born).chain(began).collect();
        turns.extend(records.iter().filter_map(|record| TurnOut::of(content, locale, record)));
        turns.extend(
            life.death.iter().map(|end| TurnOut::plain("death", end.age, end.year, label("cause", &end.cause))),
        );
        // Stable: at one age a stage comes before its events, and a death after them.
        turns.sort_by_key(|turn| turn.age);
        Self { character_id: standing.character_id, version: standing.version, turns }
    }
}

impl TurnOut {
    fn plain(kind: &'static str, age: u16, year: u16, title: String) -> Self {
        Self { kind, age, year, title, event_seq: None, impact: 0 }
    }

    /// The event as a turn, if it is one.
    fn of(content: &Content, locale: Locale, record: &EventRecord) -> Option<Self> {
        let impact = points(record);
        let kind = if content.is_milestone(&record.event_id) {
            "milestone"
        } else if record.decision.is_some() {
            "decision"
        } else if impact.abs() >= WEIGHTY {
            "event"
        } else {
            return None;
        };
        let title = content.render_event(locale, record).title;
        Some(Self { kind, age: record.age, year: record.year, title, event_seq: Some(record.event_seq), impact })
    }
}
