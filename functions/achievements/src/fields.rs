//! What lists of achievements can be asked, and how they are cut into pages.

use deserr::Deserr;
use engine::Content;
use platform::{
    Answer, ApiError, Cx,
    auth::Player,
    cache::aggregate::Life,
    http::{
        Broken, FieldErrors,
        envelope::Page,
        page::{BAD_CURSOR, Limit, cut},
        word::{AchievementCategoryWord, RarityWord},
    },
    ids::CharacterId,
};

use crate::view::AchievementOut;

/// Which achievements of a life, and how many.
#[derive(Debug, Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<IdCursor>,
    #[deserr(default)]
    category: Option<AchievementCategoryWord>,
    #[deserr(default)]
    rarity: Option<RarityWord>,
}

/// The id of the last achievement of the page before.
#[derive(Debug, Deserr)]
#[deserr(try_from(String) = IdCursor::parse -> Broken)]
struct IdCursor(String);

impl IdCursor {
    fn parse(id: String) -> Result<Self, Broken> {
        let word = !id.is_empty() && id.len() <= 64;
        let word = word && id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if word { Ok(Self(id)) } else { Err(BAD_CURSOR) }
    }
}

impl ListQuery {
    /// A number that tells apart what one route can be asked; none for what need not be kept.
    fn packed(&self, content: &Content) -> Option<u64> {
        let cursor = match &self.cursor {
            None => 0,
            Some(IdCursor(id)) => 1 + content.rules().achievements.iter().position(|known| known.id == *id)?,
        };
        let category = self.category.map_or(0, |AchievementCategoryWord(word)| 1 + word as u64);
        let rarity = self.rarity.map_or(0, |RarityWord(word)| 1 + word as u64);
        let limit = u64::from(self.limit.unwrap_or(Limit::DEFAULT).get());
        Some(limit | (category << 8) | (rarity << 16) | (u64::try_from(cursor).ok()? << 24))
    }

    fn wants(&self, shown: &AchievementOut) -> bool {
        self.category.is_none_or(|AchievementCategoryWord(word)| word.as_str() == shown.category)
            && self.rarity.is_none_or(|RarityWord(word)| word.as_str() == shown.rarity)
    }

    /// The page of what is wanted of `all`, which is in the order to be shown.
    fn page(&self, mut all: Vec<AchievementOut>) -> Page<AchievementOut> {
        all.retain(|shown| self.wants(shown));
        let limit = self.limit.unwrap_or(Limit::DEFAULT);
        let before = self.cursor.as_ref().and_then(|IdCursor(id)| all.iter().position(|it| it.achievement_id == *id));
        let rest = all.split_off(before.map_or(0, |place| place + 1));
        let (items, next_cursor) = cut(rest, limit, |last| last.achievement_id.clone());
        Page { items, next_cursor }
    }

    /// The answer of a route that shows achievements of a life, in the order that `arrange` gives them.
    ///
    /// # Errors
    /// 404 when there is no such life, or it is another player's.
    pub(crate) async fn answer(
        &self,
        me: Player,
        cx: &Cx,
        id: CharacterId,
        arrange: impl FnOnce(Vec<AchievementOut>) -> Vec<AchievementOut>,
    ) -> Result<Answer<Page<AchievementOut>>, ApiError> {
        let answer = cx.answer(Life(me.id, id), self.packed(cx.content()), async |standing| {
            Answer::page(&self.page(arrange(AchievementOut::all(cx.content(), cx.locale(), &standing))))
        });
        answer.await?.ok_or_else(ApiError::no_such_character)
    }
}
