//! Every achievement there is, and how far a life has come with each.

use axum::routing::get;
use platform::{
    Code, Cx, Reply, Route,
    auth::Player,
    http::{Path, Query, envelope::Page},
    ids::CharacterId,
};

use crate::{fields::ListQuery, view::AchievementOut};

/// `GET /api/v1/achievements/{character_id}`.
pub const ROUTE: Route = Route::get("achievement-list", "/api/v1/achievements/{character_id}")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("Every achievement of a life", "Reached or not, by id; hidden ones once they are reached.")
            .query("category", "Only career, family, social, personal, wealth or special ones.")
            .query("rarity", "Only common, rare, epic or legendary ones.")
            .answers_page::<AchievementOut>("A page of achievements.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(list));

async fn list(
    me: Player,
    cx: Cx,
    Path(id): Path<CharacterId>,
    Query(query): Query<ListQuery>,
) -> Reply<Page<AchievementOut>> {
    query.answer(me, &cx, id, |all| all).await
}
