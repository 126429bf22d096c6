//! The kinds of achievements there are, for anyone.

use axum::routing::get;
use engine::{AchievementCategory, Rarity};
use platform::{
    Answer, Cx, Reply, Route,
    route::{Auth, Cache, Rate},
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /api/v1/achievements/categories`.
pub const ROUTE: Route = Route::get("achievement-categories", "/api/v1/achievements/categories")
    .auth(Auth::Public)
    .rate(Rate::Public)
    .cache(Cache::Public)
    .docs(|operation| {
        operation
            .about("The kinds of achievements there are", "Six categories, and how many of each rarity are in them.")
            .answers_list::<AchievementCategoryOut>("In the order in which a client shows them.")
            .revalidates()
    })
    .build(|| get(categories));

/// A category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AchievementCategoryOut {
    category: &'static str,
    title: String,
    total: usize,
    points: u32,
    rarities: Vec<AchievementRarityOut>,
}

/// A rarity in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AchievementRarityOut {
    rarity: &'static str,
    title: String,
    total: usize,
    /// What one is worth.
    points: u16,
}

async fn categories(cx: Cx) -> Reply<Vec<AchievementCategoryOut>> {
    let (content, locale) = (cx.content(), cx.locale());
    let label = |group, id| content.label(locale, group, id).to_owned();
    let of = |kind: &AchievementCategory| {
        let members: Vec<_> = content.rules().achievements.iter().filter(|it| it.category == *kind).collect();
        let rarity = |rarity: &Rarity| AchievementRarityOut {
            rarity: rarity.as_str(),
            title: label("rarity", rarity.as_str()),
            total: members.iter().filter(|it| it.rarity == *rarity).count(),
            points: rarity.points(),
        };
        AchievementCategoryOut {
            category: kind.as_str(),
            title: label("achievement_category", kind.as_str()),
            total: members.len(),
            points: members.iter().map(|it| u32::from(it.rarity.points())).sum(),
            rarities: Rarity::ALL.iter().map(rarity).collect(),
        }
    };
    let all: Vec<_> = AchievementCategory::ALL.iter().map(of).collect();
    Ok(Answer::ok(&all)?.of_release(&cx))
}
