//! What a life is on the way to.

use axum::routing::get;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{Path, Query, envelope::Page},
    ids::CharacterId,
};

use crate::{fields::ListQuery, view::AchievementOut};

/// `GET /api/v1/achievements/{character_id}/progress`.
pub const ROUTE: Route = Route::get("achievement-progress", "/api/v1/achievements/{character_id}/progress")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("What a life is on the way to", "What it has begun and not reached, the nearest first.")
            .query("category", "Only career, family, social, personal, wealth or special ones.")
            .query("rarity", "Only common, rare, epic or legendary ones.")
            .answers_page::<AchievementOut>("A page of achievements.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(progress));

async fn progress(
    me: Player,
    cx: Cx,
    Path(id): Path<CharacterId>,
    Query(query): Query<ListQuery>,
) -> Reply<Page<AchievementOut>> {
    let nearest_first = |mut all: Vec<AchievementOut>| {
        all.retain(|shown| !shown.is_unlocked() && shown.progress > 0.0);
        all.sort_by(|a, b| b.progress.total_cmp(&a.progress));
        all
    };
    query.answer(me, &cx, id, nearest_first).await
}
