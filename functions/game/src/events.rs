//! What happened in a life, page by page, told in the language asked for.

use axum::routing::get;
use deserr::Deserr;
use platform::{
    Answer, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::{
        Broken, FieldErrors, Path, Query,
        envelope::Page,
        page::{Limit, cut},
        word::EventTypeWord,
    },
    ids::CharacterId,
    store::events::{self, Wanted},
    text::Text,
};

use crate::{
    error::GameError,
    fields::{Order, SeqCursor},
    view::EventOut,
};

/// `GET /api/v1/game/events/{character_id}`.
pub const ROUTE: Route = Route::get("game-events", "/api/v1/game/events/{character_id}")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("What happened in a life", "Newest first unless `order=age_asc`.")
            .query("age", "Only events of this age, 0..=120.")
            .query("type", "Only random, choice, development, relationship or era events.")
            .query("order", "age_desc (default) or age_asc.")
            .answers_page::<EventOut>("A page of events.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(list));

#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct EventsQuery {
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<SeqCursor>,
    #[deserr(default)]
    age: Option<Age>,
    #[deserr(default, rename = "type")]
    event_type: Option<EventTypeWord>,
    #[deserr(default)]
    order: Option<Order>,
}

/// 0 to 120.
#[derive(Debug, Clone, Copy, Deserr)]
#[deserr(try_from(&String) = Age::parse -> Broken)]
struct Age(i16);

impl Age {
    fn parse(text: &str) -> Result<Self, Broken> {
        let age = text.parse().ok().filter(|age| (0..=120).contains(age));
        age.map(Self).ok_or(Broken::new("range", Text::new("Must be 0 to 120.", "必须在 0 到 120 之间。")))
    }
}

async fn list(
    me: Player,
    cx: Cx,
    Path(id): Path<CharacterId>,
    Query(query): Query<EventsQuery>,
) -> Reply<Page<EventOut>> {
    let limit = query.limit.unwrap_or(Limit::DEFAULT);
    let wanted = Wanted {
        age: query.age.map(|Age(age)| age),
        event_type: query.event_type.map(|EventTypeWord(event_type)| event_type),
        ascending: query.order == Some(Order::AgeAsc),
        after_seq: query.cursor.map(|SeqCursor(seq)| seq),
        limit: limit.get().into(),
    };
    let answer = cx.answer(Life(me.id, id), Some(wanted.packed()), async |life| {
        let found = events::page(cx.db(), &life, &wanted).await?;
        let (found, next_cursor) = cut(found, limit, |last| last.event_seq.to_string());
        let items = found.iter().map(|event| EventOut::of(cx.content(), cx.locale(), event)).collect();
        Answer::page(&Page { items, next_cursor })
    });
    Ok(answer.await?.ok_or(GameError::NoSuchLife)?)
}
