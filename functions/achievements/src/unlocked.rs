//! What a life has achieved.

use axum::routing::get;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{Path, Query, envelope::Page},
    ids::CharacterId,
};

use crate::{fields::ListQuery, view::AchievementOut};

/// `GET /api/v1/achievements/{character_id}/unlocked`.
pub const ROUTE: Route = Route::get("achievement-unlocked", "/api/v1/achievements/{character_id}/unlocked")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("What a life has achieved", "The newest first.")
            .query("category", "Only career, family, social, personal, wealth or special ones.")
            .query("rarity", "Only common, rare, epic or legendary ones.")
            .answers_page::<AchievementOut>("A page of achievements.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(unlocked));

async fn unlocked(
    me: Player,
    cx: Cx,
    Path(id): Path<CharacterId>,
    Query(query): Query<ListQuery>,
) -> Reply<Page<AchievementOut>> {
    let newest_first = |mut all: Vec<AchievementOut>| {
        all.retain(AchievementOut::is_unlocked);
        all.sort_by_key(|shown| std::cmp::Reverse(shown.place));
        all
    };
    query.answer(me, &cx, id, newest_first).await
}
