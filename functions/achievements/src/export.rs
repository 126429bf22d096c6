//! All achievements of a life in one piece, for a file.

use axum::routing::get;
use chrono::SecondsFormat;
use deserr::Deserr;
use http::StatusCode;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Life,
    http::{FieldErrors, Path, Query},
    ids::CharacterId,
};

use crate::{csv, view::AchievementOut};

/// `GET /api/v1/achievements/{character_id}/export`.
pub const ROUTE: Route = Route::get("achievement-export", "/api/v1/achievements/{character_id}/export")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("All achievements of a life in one piece", "As JSON, or as `text/csv` with a header line.")
            .query("format", "json (default) or csv.")
            .answers_list::<AchievementOut>("All that the life has reached and all that are not hidden, by id.")
            .validated()
            .fails(Code::NotFound, &[])
            .fails(Code::ValidationFailed, &[])
    })
    .build(|| get(export));

#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct ExportQuery {
    #[deserr(default)]
    format: Option<Format>,
}

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserr)]
#[deserr(error = FieldErrors, rename_all = lowercase)]
enum Format {
    Json,
    Csv,
}

async fn export(
    me: Player,
    cx: Cx,
    Path(id): Path<CharacterId>,
    Query(query): Query<ExportQuery>,
) -> Reply<Vec<AchievementOut>> {
    let as_csv = query.format == Some(Format::Csv);
    // Only JSON is kept as an answer: what is kept has no type of its own.
    let kept = (!as_csv).then_some(0);
    let answer = cx.answer(Life(me.id, id), kept, async |standing| {
        let all = AchievementOut::all(cx.content(), cx.locale(), &standing);
        if as_csv { Ok(file(&all)) } else { Answer::ok(&all) }
    });
    answer.await?.ok_or_else(ApiError::no_such_character)
}

fn file(all: &[AchievementOut]) -> Answer<Vec<AchievementOut>> {
    let header = [
        "achievement_id",
        "title",
        "description",
        "category",
        "rarity",
        "points",
        "progress",
        "current_value",
        "target_value",
        "unlocked_age",
        "unlocked_at",
    ];
    let row = |it: &AchievementOut| {
        [
            it.achievement_id.clone(),
            it.title.clone(),
            it.description.clone(),
            it.category.to_owned(),
            it.rarity.to_owned(),
            it.points.to_string(),
            it.progress.to_string(),
            it.current_value.to_string(),
            it.target_value.to_string(),
            it.unlocked_age.map(|age| age.to_string()).unwrap_or_default(),
            it.unlocked_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true)).unwrap_or_default(),
        ]
    };
    let rows = std::iter::once(header.map(str::to_owned)).chain(all.iter().map(row));
    Answer::raw(StatusCode::OK, "text/csv; charset=utf-8", csv::table(rows))
}
