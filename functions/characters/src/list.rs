//! One's own characters, newest first.

use axum::routing::get;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use platform::{
    Answer, ApiError, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::Roster,
    http::{
        Broken, FieldErrors, Query,
        envelope::Page,
        page::{BAD_CURSOR, Limit, cut},
    },
    ids::CharacterId,
    store::characters::{self, Character, Listed},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// `GET /api/v1/characters`.
pub const ROUTE: Route = Route::get("character-list", "/api/v1/characters")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("One's own characters", "Newest first, a page at a time.")
            .answers_page::<CharacterRow>("A page of characters.")
            .validated()
    })
    .build(|| get(list));

/// A character in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CharacterRow {
    character_id: CharacterId,
    lineage_id: Uuid,
    parent_character_id: Option<CharacterId>,
    character_name: String,
    birth_country: String,
    birth_year: i16,
    ranked: bool,
    /// `draft`, `alive` or `dead`.
    status: String,
    age: i16,
    version: i64,
    created_at: DateTime<Utc>,
}

impl From<Character> for CharacterRow {
    fn from(character: Character) -> Self {
        Self {
            character_id: character.character_id,
            lineage_id: character.lineage_id,
            parent_character_id: character.parent_character_id,
            character_name: character.character_name,
            birth_country: character.birth_country,
            birth_year: character.birth_year,
            ranked: character.ranked,
            status: character.status,
            age: character.age,
            version: character.version,
            created_at: character.created_at,
        }
    }
}

#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct ListQuery {
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// The last character of the page before.
#[derive(Debug, Clone, Copy, Deserr)]
#[deserr(try_from(&String) = Cursor::parse -> Broken)]
struct Cursor(CharacterId);

impl Cursor {
    fn parse(text: &str) -> Result<Self, Broken> {
        Uuid::try_parse(text).map(|id| Self(CharacterId(id))).map_err(|_| BAD_CURSOR)
    }
}

async fn list(me: Player, cx: Cx, Query(query): Query<ListQuery>) -> Reply<Page<CharacterRow>> {
    let limit = query.limit.unwrap_or(Limit::DEFAULT);
    let before = query.cursor.map(|Cursor(id)| id);
    let wanted = i64::from(limit.get());
    let render = |found| {
        let (found, next_cursor) = cut(found, limit, |last: &Character| last.character_id.0.simple().to_string());
        Answer::page(&Page { items: found.into_iter().map(CharacterRow::from).collect(), next_cursor })
    };
    let page = async |listed: Listed| match listed.page(before, wanted) {
        Some(found) => render(found),
        None => render(characters::newest(cx.db(), me.id, before, wanted).await?),
    };
    let query = before.is_none().then_some(limit.get().into());
    cx.answer(Roster(me.id), query, page).await?.ok_or_else(ApiError::account_gone)
}
