//! Achievements: their conditions, and their words in each language.

use std::collections::BTreeMap;

use super::expression::Scope;
use super::ids::Ids;
use super::reader::{Fields, Node};
use super::report::Rule;
use super::source::Document;
use super::table::rows;
use crate::model::{Achievement, AchievementCategory, AchievementText, Rarity, Reach, Rules};

/// The file of words in each language's folder.
pub(super) const WORDS: &str = "achievements.toml";

/// Reads `rules/achievements.toml`.
pub(super) fn read(root: &Fields<'_>, ids: &Ids<'_>, rules: &mut Rules) {
    rules.achievements = rows(root, |id, fields| achievement(id, fields, ids));
}

fn achievement(id: &str, fields: &Fields<'_>, ids: &Ids<'_>) -> Option<Achievement> {
    let scope = Scope { ids, slots: &[], about_person: false };
    let (category, rarity) = (fields.need("category"), fields.need("rarity"));
    let when = fields.get("when").map(|node| scope.conjuncts(node));
    let reach = match (fields.get("of"), fields.get("target")) {
        (Some(of), Some(target)) => Some(Reach { of: scope.num(of)?, target: target.int_in(1, 1_000_000)? }),
        (None, None) => None,
        _ => {
            fields.report(Rule::MissingKey, "`of` and `target` go together");
            None
        }
    };
    if when.is_none() && reach.is_none() {
        fields.report(Rule::MissingKey, "an achievement needs `when`, or `of` and `target`");
    }
    Some(Achievement {
        id: id.to_owned(),
        category: category?.word("a category of achievements", AchievementCategory::from_word)?,
        rarity: rarity?.word("a rarity", Rarity::from_word)?,
        hidden: fields.get("hidden").is_some_and(|node| node.boolean() == Some(true)),
        when: when.unwrap_or(Some(Vec::new()))?.into_iter().map(|(cond, _)| cond).collect(),
        reach,
    })
}

/// The words of one language, in the order of the rules; what is missing or left over goes to the report.
pub(super) fn words(
    document: Option<&Document<'_>>,
    rules: &Rules,
    ids: &Ids<'_>,
    locale: &str,
) -> Vec<AchievementText> {
    let mut told: BTreeMap<String, AchievementText> = BTreeMap::new();
    for (_, id, node) in document.iter().flat_map(|document| document.fields().entries().collect::<Vec<_>>()) {
        if !rules.achievements.iter().any(|achievement| achievement.id == id) {
            node.report(Rule::Locale, format!("there is no achievement \"{id}\""));
        }
        told.extend(text(node).map(|text| (id.to_owned(), text)));
    }
    let take = |achievement: &Achievement| {
        told.remove(&achievement.id).unwrap_or_else(|| {
            ids.report_about(
                "rules/achievements.toml",
                Rule::Locale,
                format!("\"{}\" is not told in {locale}", achievement.id),
            );
            AchievementText::default()
        })
    };
    rules.achievements.iter().map(take).collect()
}

fn text(node: Node<'_>) -> Option<AchievementText> {
    let fields = node.fields()?;
    let (title, text) = (fields.need("title"), fields.need("text"));
    fields.finish();
    Some(AchievementText { title: title?.string()?.to_owned(), text: text?.string()?.to_owned() })
}
