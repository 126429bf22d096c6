//! What the achievements of a life add up to.

use axum::routing::get;
use engine::{Achievement, AchievementCategory, Content, Locale, Rarity};
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route, auth::Player, cache::aggregate::Life, http::Path, ids::CharacterId,
    store::lives::Standing, view::UnlockedOut,
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /api/v1/achievements/{character_id}/stats`.
pub const ROUTE: Route = Route::get("achievement-stats", "/api/v1/achievements/{character_id}/stats")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("What the achievements of a life add up to", "Counts and points, by category and by rarity.")
            .answers::<AchievementStatsOut>(200, "The figures.")
            .validated()
            .fails(Code::NotFound, &[])
    })
    .build(|| get(stats));

/// Counts and points.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AchievementStatsOut {
    character_id: CharacterId,
    version: i64,
    /// Reached.
    unlocked: usize,
    /// Hidden ones among all, reached or not, are counted too.
    total: usize,
    /// Hidden ones not reached.
    hidden_left: usize,
    points: u32,
    /// What all would be worth.
    points_total: u32,
    by_category: Vec<AchievementGroupOut>,
    by_rarity: Vec<AchievementGroupOut>,
    /// The one reached last.
    latest: Option<UnlockedOut>,
    /// The one worth most.
    rarest: Option<UnlockedOut>,
}

/// A category or a rarity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AchievementGroupOut {
    id: &'static str,
    title: String,
    unlocked: usize,
    total: usize,
    points: u32,
}

async fn stats(me: Player, cx: Cx, Path(id): Path<CharacterId>) -> Reply<AchievementStatsOut> {
    let answer = cx.answer(Life(me.id, id), Some(0), async |standing| {
        Answer::ok(&AchievementStatsOut::of(cx.content(), cx.locale(), &standing))
    });
    answer.await?.ok_or_else(ApiError::no_such_character)
}

impl AchievementStatsOut {
    fn of(content: &Content, locale: Locale, standing: &Standing) -> Self {
        let (all, unlocks) = (&content.rules().achievements, &standing.unlocks);
        let is_unlocked = |it: &Achievement| unlocks.iter().any(|unlock| unlock.achievement_id == it.id);
        let group = |id: &'static str, kind: &str, is_in: &dyn Fn(&Achievement) -> bool| {
            let members = all.iter().filter(|it| is_in(it));
            let reached =
                unlocks.iter().filter(|unlock| content.achievement(&unlock.achievement_id).is_some_and(is_in));
            AchievementGroupOut {
                id,
                title: content.label(locale, kind, id).to_owned(),
                unlocked: reached.clone().count(),
                total: members.count(),
                points: reached.map(|unlock| u32::from(unlock.points)).sum(),
            }
        };
        let rarest = unlocks.iter().max_by_key(|unlock| unlock.points);
        let out = |unlock| UnlockedOut::of(content, locale, unlock);
        Self {
            character_id: standing.character_id,
            version: standing.version,
            unlocked: unlocks.len(),
            total: all.len(),
            hidden_left: all.iter().filter(|it| it.hidden && !is_unlocked(it)).count(),
            points: unlocks.iter().map(|unlock| u32::from(unlock.points)).sum(),
            points_total: all.iter().map(|it| u32::from(it.rarity.points())).sum(),
            by_category: AchievementCategory::ALL
                .iter()
                .map(|kind| group(kind.as_str(), "achievement_category", &|it| it.category == *kind))
                .collect(),
            by_rarity: Rarity::ALL
                .iter()
                .map(|kind| group(kind.as_str(), "rarity", &|it| it.rarity == *kind))
                .collect(),
            latest: unlocks.last().map(out),
            rarest: rarest.map(out),
        }
    }
}
