//! The people of a life, counted.

use axum::routing::get;
use engine::{Locale, Person, Relation};
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::Path,
    ids::{CharacterId, person_id},
    store::lives::Standing,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// `GET /api/v1/stats/{character_id}/relationships`.
pub const ROUTE: Route = Route::get("stats-relationships", "/api/v1/stats/{character_id}/relationships")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("The people of a life, counted", "By relation, with how close they are, and who is closest.")
            .answers::<PeopleStatsOut>(200, "The counts.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(relationships));

/// The people of a life, counted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeopleStatsOut {
    character_id: CharacterId,
    version: i64,
    total: usize,
    living: usize,
    /// Only relations there are.
    by_type: Vec<RelationStatsOut>,
    /// The living one who is closest; null when nobody is left.
    closest: Option<ClosestOut>,
}

/// The people of one relation. Means are over the living, rounded down, 0-100; 0 when there are none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RelationStatsOut {
    relation_type: &'static str,
    total: usize,
    living: usize,
    intimacy: usize,
    trust: usize,
    support: usize,
}

/// Somebody close.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClosestOut {
    person_id: Uuid,
    name: String,
    relation_type: &'static str,
    /// 0-100.
    intimacy: u8,
}

async fn relationships(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<PeopleStatsOut> {
    let answer =
        cx.answer(Life(me.id, id), Some(0), async |standing| Answer::ok(&PeopleStatsOut::of(cx.locale(), &standing)));
    answer.await?.ok_or_else(ApiError::no_such_character)
}

impl PeopleStatsOut {
    fn of(locale: Locale, standing: &Standing) -> Self {
        let persons = &standing.life.persons;
        let living = persons.iter().filter(|person| person.is_alive());
        // Among equals, whom they met first.
        let closest = living.clone().max_by_key(|person| (person.intimacy, std::cmp::Reverse(person.id)));
        Self {
            character_id: standing.character_id,
            version: standing.version,
            total: persons.len(),
            living: living.count(),
            by_type: Relation::ALL.iter().filter_map(|relation| RelationStatsOut::of(*relation, persons)).collect(),
            closest: closest.map(|person| ClosestOut {
                person_id: person_id(standing.character_id, person.id.0),
                name: person.name.full(locale),
                relation_type: person.relation.as_str(),
                intimacy: person.intimacy,
            }),
        }
    }
}

impl RelationStatsOut {
    /// `None` where there is nobody.
    fn of(relation: Relation, persons: &[Person]) -> Option<Self> {
        let all: Vec<_> = persons.iter().filter(|person| person.relation == relation).collect();
        let living: Vec<_> = all.iter().filter(|person| person.is_alive()).collect();
        let mean = |of: fn(&Person) -> u8| {
            let sum: usize = living.iter().map(|person| usize::from(of(person))).sum();
            sum / living.len().max(1)
        };
        (!all.is_empty()).then(|| Self {
            relation_type: relation.as_str(),
            total: all.len(),
            living: living.len(),
            intimacy: mean(|person| person.intimacy),
            trust: mean(|person| person.trust),
            support: mean(|person| person.support),
        })
    }
}
