//! One of one's own characters.

use axum::routing;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route, auth::Player, cache::aggregate::Life, http::Path, ids::CharacterId,
};

use crate::view::CharacterOut;

/// `GET /api/v1/characters/{character_id}`.
pub const ROUTE: Route = Route::get("character-get", "/api/v1/characters/{character_id}")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("One of one's own characters", "Who it is and how it was dealt. Another player's character is 404.")
            .answers::<CharacterOut>(200, "The character.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| routing::get(get));

async fn get(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<CharacterOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| {
        Answer::ok(&CharacterOut::of(cx.content(), cx.locale(), &standing))
    });
    answer.await?.ok_or_else(ApiError::no_such_character)
}
