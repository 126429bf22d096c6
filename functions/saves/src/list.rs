//! The saves of a life, newest first.

use axum::routing::get;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::{
        Broken, FieldErrors, Path, Query,
        envelope::Page,
        page::{BAD_CURSOR, Limit, cut},
    },
    ids::{CharacterId, SaveId},
    saving::SaveType,
    store::saves::{self, Save},
    view::SaveOut,
};

/// `GET /api/v1/saves/{character_id}`.
pub const ROUTE: Route = Route::get("save-list", "/api/v1/saves/{character_id}")
    .docs(|operation| {
        operation
            .about(
                "The saves of a life",
                "Newest first, a page at a time. The game keeps a moment by itself where a new part of life begins and at the events that happen once.",
            )
            .query("type", "Only `auto`, `manual` or `milestone` ones.")
            .answers_page::<SaveOut>("A page of saves.")
            .fails(Code::NotFound, &[])
    })
    .build(|| get(list));

#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct ListQuery {
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<Cursor>,
    #[deserr(rename = "type", default)]
    save_type: Option<TypeWord>,
}

/// The last save of the page before.
#[derive(Debug, Clone, Copy, Deserr)]
#[deserr(try_from(&String) = Cursor::parse -> Broken)]
struct Cursor(SaveId);

impl Cursor {
    fn parse(text: &str) -> Result<Self, Broken> {
        text.parse().map(|id| Self(SaveId(id))).map_err(|_| BAD_CURSOR)
    }
}

/// Why a moment was kept.
#[derive(Debug, Clone, Copy, Deserr)]
#[deserr(error = FieldErrors, rename_all = lowercase)]
enum TypeWord {
    Auto,
    Manual,
    Milestone,
}

impl From<TypeWord> for SaveType {
    fn from(word: TypeWord) -> Self {
        match word {
            TypeWord::Auto => Self::Auto,
            TypeWord::Manual => Self::Manual,
            TypeWord::Milestone => Self::Milestone,
        }
    }
}

async fn list(me: Player, cx: Cx, Path(id): Path<CharacterId>, Query(query): Query<ListQuery>) -> Reply<Page<SaveOut>> {
    let limit = query.limit.unwrap_or(Limit::DEFAULT);
    let before = query.cursor.map(|Cursor(save)| save);
    let found = saves::list(cx.db(), me.id, id, before, query.save_type.map(Into::into), limit.get().into()).await?;
    let found = found.ok_or_else(ApiError::no_such_character)?;
    let (found, next_cursor) = cut(found, limit, |last: &Save| last.save_id.0.simple().to_string());
    Answer::page(&Page { items: found.iter().map(|save| SaveOut::of(&cx, save)).collect(), next_cursor })
}
