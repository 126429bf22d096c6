//! Occupations and illnesses: the tables by which people work and ail.

use super::ids::{Ids, Kind};
use super::reader::{Fields, Node};
use super::table::references;
use crate::model::{Habit, Illness, LAST_YEAR, Occupation, Onset, Schooling, Skill, Trade, Treatment};

/// The number of a key, or what it is when nothing is said.
fn number<T>(fields: &Fields<'_>, key: &'static str, fallback: T, low: T, high: T) -> Option<T>
where
    T: TryFrom<i64> + Copy + PartialOrd + std::fmt::Display,
{
    fields.get(key).map_or(Some(fallback), |node| node.int_in(low, high))
}

/// A row of `rules/occupations.toml`.
pub(super) fn occupation(id: &str, fields: &Fields<'_>, ids: &Ids<'_>) -> Option<Occupation> {
    let (needs, years, wage) = (fields.need("needs"), fields.need("years"), fields.need("wage_pct"));
    let (rural, urban) = (fields.need("rural_weight"), fields.need("urban_weight"));
    let trade = fields.get("trade").map_or(Some(Trade::Craft), |node| node.word("a trade", Trade::from_word));
    let skill = fields.get("skill").map_or(Some(Skill::Business), |node| node.word("a skill", Skill::from_word));
    let wages = fields.get("wages").map(|list| list.list_of(wage_of_a_year)).unwrap_or_default();
    Some(Occupation {
        id: id.to_owned(),
        needs: needs?.word("a level of schooling", Schooling::from_word)?,
        years: years?.range()?,
        wage_pct: wage?.int_in(10, 1000)?,
        wages,
        rural_weight: rural?.int_in(0, 1000)?,
        urban_weight: urban?.int_in(0, 1000)?,
        trade: trade?,
        skill: skill?,
        least_skill: number(fields, "least_skill", 0, 0, 100)?,
        ranks: number(fields, "ranks", 2, 0, 4)?,
        hazard_pct: number(fields, "hazard_pct", 100, 50, 500)?,
        women_from: number(fields, "women_from", 0, 0, LAST_YEAR)?,
        men_from: number(fields, "men_from", 0, 0, LAST_YEAR)?,
        own_account: fields.get("own_account").map_or(Some(false), Node::boolean)?,
        regions: references(fields.get("regions"), Kind::Region, ids),
    })
}

/// `[year, percent]`.
fn wage_of_a_year(node: Node<'_>) -> Option<(u16, u16)> {
    let [year, percent] = node.list()[..] else { return None };
    Some((year.int_in(0, LAST_YEAR)?, percent.int_in(10, 1000)?))
}

/// A row of `rules/conditions.toml`.
pub(super) fn illness(id: &str, fields: &Fields<'_>, ids: &Ids<'_>) -> Option<Illness> {
    let (years, hazard, cause) = (fields.need("years"), fields.need("hazard_pct"), fields.need("cause"));
    let treatments = fields.get("treatments").map(|list| list.list_of(|node| treatment(node, ids)));
    Some(Illness {
        id: id.to_owned(),
        years: years?.int_in(0, 50)?,
        hazard_pct: hazard?.int_in(100, 2000)?,
        physical: number(fields, "physical", 0, 0, 50)?,
        mental: number(fields, "mental", 0, 0, 50)?,
        cause: cause.and_then(|node| ids.resolve(Kind::Cause, node.string()?, node.at()))?,
        onset: fields.get("onset").and_then(|node| onset(node, ids)),
        treatments: treatments.unwrap_or_default(),
    })
}

fn onset(node: Node<'_>, ids: &Ids<'_>) -> Option<Onset> {
    let fields = node.fields()?;
    let (ages, rates) = (fields.need("ages"), fields.need("per_100k"));
    let tech = |node: Node<'_>| ids.resolve(Kind::Technology, node.string()?, node.at());
    let [first, last] = rates?.list()[..] else { return None };
    let onset = Onset {
        ages: ages?.range()?,
        per_100k: (first.int_in(0, 50_000)?, last.int_in(0, 50_000)?),
        years: fields.get("years").map_or(Some((0, LAST_YEAR)), Node::range)?,
        regions: references(fields.get("regions"), Kind::Region, ids),
        hereditary: fields.get("hereditary").map_or(Some(false), Node::boolean)?,
        habit: match fields.get("habit") {
            Some(node) => Some(node.word("a habit", Habit::from_word)?),
            None => None,
        },
        stress: fields.get("stress").map_or(Some(false), Node::boolean)?,
        prevented_by: fields.get("prevented_by").and_then(tech),
    };
    fields.finish();
    Some(onset)
}

fn treatment(node: Node<'_>, ids: &Ids<'_>) -> Option<Treatment> {
    let fields = node.fields()?;
    let tech = fields.need("tech").and_then(|node| ids.resolve(Kind::Technology, node.string()?, node.at()));
    let treatment = Treatment {
        tech: tech?,
        relief_pct: number(&fields, "relief_pct", 50, 0, 100)?,
        cure_pct: number(&fields, "cure_pct", 0, 0, 100)?,
        cost_days: number(&fields, "cost_days", 5, 0, 500)?,
    };
    fields.finish();
    Some(treatment)
}
