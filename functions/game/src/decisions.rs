//! What was decided in a life, page by page: the choice, its odds, the roll, and what came of it later.

use axum::routing::get;
use deserr::Deserr;
use engine::{Content, Locale};
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::{
        FieldErrors, Path, Query,
        envelope::Page,
        page::{Limit, cut},
    },
    ids::CharacterId,
    store::decisions::{self, Decided, Wanted},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::GameError,
    fields::{Order, SeqCursor},
    view::EventOut,
};

/// `GET /api/v1/game/decisions/{character_id}`.
pub const ROUTE: Route = Route::get("game-decisions", "/api/v1/game/decisions/{character_id}")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "What was decided in a life",
                "The choices with their odds and rolls, and the later events that followed from each. Newest first unless `order=age_asc`.",
            )
            .query("order", "age_desc (default) or age_asc.")
            .answers_page::<DecisionTakenOut>("A page of decisions.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(list));

/// A decision taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionTakenOut {
    decision_id: String,
    /// The answer, told.
    choice: String,
    /// What came of it at once, told.
    outcome: String,
    /// The event that asked, with the answer, the odds, the roll and what changed.
    event: EventOut,
    /// What followed from it later, oldest first.
    caused: Vec<CausedOut>,
}

/// An event that followed from an earlier one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CausedOut {
    event_seq: u32,
    event_id: String,
    age: u16,
    year: u16,
    title: String,
}

#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct DecisionsQuery {
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<SeqCursor>,
    #[deserr(default)]
    order: Option<Order>,
}

async fn list(
    me: Player,
    cx: Cx,
    Path(id): Path<CharacterId>,
    Query(query): Query<DecisionsQuery>,
) -> Reply<Page<DecisionTakenOut>> {
    let limit = query.limit.unwrap_or(Limit::DEFAULT);
    let wanted = Wanted {
        ascending: query.order == Some(Order::AgeAsc),
        after: query.cursor.map(|SeqCursor(id)| id),
        limit: limit.get().into(),
    };
    let answer = cx.answer(Life(me.id, id), Some(wanted.packed()), async |life| {
        let found = decisions::page(cx.db(), &life, &wanted).await?;
        let (found, next_cursor) = cut(found, limit, |last| last.asked.event_seq.to_string());
        let items = found.iter().map(|decided| DecisionTakenOut::of(cx.content(), cx.locale(), decided)).collect();
        Answer::page(&Page { items, next_cursor })
    });
    Ok(answer.await?.ok_or(GameError::NoSuchLife)?)
}

impl DecisionTakenOut {
    fn of(content: &Content, locale: Locale, decided: &Decided) -> Self {
        let Decided { asked, caused } = decided;
        let caused = caused.iter().map(|event| CausedOut {
            event_seq: event.event_seq,
            event_id: event.event_id.clone(),
            age: event.age,
            year: event.year,
            title: content.render_event(locale, event).title,
        });
        Self {
            decision_id: asked.event_seq.to_string(),
            choice: content.render_choice(locale, asked).unwrap_or_default(),
            outcome: content.render_outcome(locale, asked).unwrap_or_default(),
            event: EventOut::of(content, locale, asked),
            caused: caused.collect(),
        }
    }
}
