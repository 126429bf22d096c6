//! One of one's own characters.

use axum::routing;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route, auth::Player, http::Path, ids::CharacterId, store::lives, text::Text,
};

use crate::view::CharacterOut;

/// `GET /api/v1/characters/{character_id}`.
pub const ROUTE: Route = Route::get("character-get", "/api/v1/characters/{character_id}")
    .docs(|operation| {
        operation
            .about("One of one's own characters", "Who it is and how it was dealt. Another player's character is 404.")
            .answers::<CharacterOut>(200, "The character.")
            .revalidates()
            .fails(Code::NotFound, &[])
    })
    .build(|| routing::get(get));

async fn get(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<CharacterOut> {
    let standing = lives::owned_by(cx.db(), me.id, id)
        .await?
        .ok_or_else(|| ApiError::not_found(Text::new("There is no such character.", "没有这个角色。")))?;
    let out = CharacterOut::of(cx.content(), cx.locale(), &standing);
    Ok(Answer::ok(&out)?.versioned(&cx, standing.version))
}
