//! What can only be seen with everything read: gaps, cycles, languages that disagree.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::{Ids, Kind};
use super::report::{Report, Rule};
use super::text::placeholders;
use crate::model::{
    AchievementCategory, BIRTH_YEARS, Event, EventIx, EventText, Gender, LAST_YEAR, Locale, Rarity, Relation, Rules,
    Schooling, Settlement, Stage, Terrain, Texts, Tier,
};

/// The ranks of an occupation, from the first.
const RANKS: [&str; 5] = ["0", "1", "2", "3", "4"];
/// The rules of life keep an event's people in place, in so many places.
const MOST_SLOTS: usize = 8;

/// Checks the whole; mistakes go to the report.
pub(super) fn check(rules: &Rules, texts: &[Texts], ids: &Ids<'_>, report: &Report) {
    let complete = rules.events.len() == ids.events().count();
    if complete {
        chain_cycles(rules, ids);
        same_placeholders(rules, texts, ids);
    }
    for (event, ix) in rules.events.iter().zip((0..).map(EventIx)).filter(|(event, _)| event.slots.len() > MOST_SLOTS) {
        ids.report(ix, Rule::BadValue, format!("{} slots are more than {MOST_SLOTS}", event.slots.len()));
    }
    fallbacks(rules, report);
    coverage(rules, ids, report);
    one_pool_each(rules, report);
    labels(rules, texts, ids, report);
}

/// No event may come round to itself by way of chains.
fn chain_cycles(rules: &Rules, ids: &Ids<'_>) {
    for (ix, _) in ids.events() {
        let mut reached = BTreeSet::new();
        let mut open = vec![ix];
        while let Some(from) = open.pop() {
            let chains = &rules.events[usize::from(from.0)].chains;
            let next = chains.iter().flat_map(|chain| std::iter::once(chain.event).chain(chain.or_else));
            open.extend(next.filter(|target| reached.insert(*target)));
        }
        if reached.contains(&ix) {
            ids.report(ix, Rule::ChainCycle, "its chains lead back to itself");
        }
    }
}

/// Every stage needs enough quiet-year events that one is always rested, wherever and whenever.
fn fallbacks(rules: &Rules, report: &Report) {
    for stage in Stage::ALL {
        let mut cooldowns: Vec<u16> = rules
            .events
            .iter()
            .filter(|event| always_possible(event, *stage))
            .map(|event| event.limits.cooldown_years)
            .collect();
        cooldowns.sort_unstable();
        let rested = (1..).zip(&cooldowns).any(|(count, cooldown)| *cooldown <= count);
        if !rested {
            let message = format!(
                "{stage} can run out of quiet years: {} unconditional fallback events with cooldowns {cooldowns:?}; \
                 there must be n events with cooldowns of at most n",
                cooldowns.len()
            );
            report.about_file("rules/events/quiet.toml", Rule::NoFallback, message);
        }
    }
}

fn always_possible(event: &Event, stage: Stage) -> bool {
    let scope = &event.scope;
    let (from, to) = stage.ages();
    let everywhere = scope.regions.is_empty()
        && scope.not_regions.is_empty()
        && scope.born_in.is_empty()
        && scope.terrain.is_empty()
        && scope.not_terrain.is_empty()
        && scope.settlement.is_empty();
    scope.tier == Tier::Fallback
        && everywhere
        && scope.ages.0 <= from
        && scope.ages.1 >= to
        && scope.years.0 <= BIRTH_YEARS.0
        && scope.years.1 >= LAST_YEAR
        && event.when.is_none()
        && event.limits.max.is_none()
        && event.sensitivity.is_empty()
        && event.slots.is_empty()
}

/// The tables must leave no year and no region out.
fn coverage(rules: &Rules, ids: &Ids<'_>, report: &Report) {
    let mut next = BIRTH_YEARS.0;
    for era in &rules.eras {
        if era.years.0 != next {
            let message = format!("the era {} should begin in {next}", era.id);
            report.about_file("rules/eras.toml", Rule::Coverage, message);
        }
        next = era.years.1 + 1;
    }
    if next != LAST_YEAR + 1 {
        report.about_file("rules/eras.toml", Rule::Coverage, format!("the eras should end in {LAST_YEAR}"));
    }
    for region in ids.all(Kind::Region) {
        if !rules.name_pools.iter().any(|pool| pool.regions.iter().any(|id| id == region)) {
            report.about_file("rules/names.toml", Rule::Coverage, format!("nobody in {region} has a name"));
        }
    }
}

/// No region or country may be served by two pools of names: which of them wins would be an accident of sorting.
fn one_pool_each(rules: &Rules, report: &Report) {
    let mut served = BTreeMap::new();
    for pool in &rules.name_pools {
        for place in pool.regions.iter().chain(&pool.countries) {
            if let Some(other) = served.insert(place, &pool.id) {
                let message = format!("{place} is served by both [{other}] and [{}]", pool.id);
                report.about_file("rules/names.toml", Rule::Duplicate, message);
            }
        }
    }
}

/// What one language names, the others must name too, be it by name or by pronoun.
fn same_placeholders(rules: &Rules, texts: &[Texts], ids: &Ids<'_>) {
    for (event, ix) in rules.events.iter().zip((0..).map(EventIx)) {
        let told: Vec<_> = texts.iter().map(|texts| holes(event, &texts.events[usize::from(ix.0)])).collect();
        for ((locale, named), other) in Locale::ALL.iter().zip(&told).zip(told.iter().rev()) {
            for (part, hole) in named.iter().filter(|(_, hole)| !hole.contains('.') && *hole != "name") {
                let there = other.iter().any(|(place, found)| place == part && found.split('.').next() == Some(hole));
                if !there {
                    let message = format!("{{{hole}}} of {locale} is missing in the other language ({part})");
                    ids.report(ix, Rule::Placeholder, message);
                }
            }
        }
    }
}

/// Every placeholder with the part of the event it stands in.
fn holes<'t>(event: &Event, text: &'t EventText) -> BTreeSet<(String, &'t str)> {
    let mut parts: Vec<(String, &str)> = vec![("title".to_owned(), &text.title)];
    parts.extend(text.variants.iter().enumerate().map(|(ix, words)| (format!("text {}", ix + 1), words.as_str())));
    let choices = event.decision.iter().flat_map(|decision| &decision.choices);
    for (choice, words) in choices.zip(&text.choices) {
        let long_term = words.long_term_hint.as_deref();
        let told = [Some(words.label.as_str()), Some(&words.hint), long_term, words.done.as_deref()];
        parts.extend(told.into_iter().flatten().map(|words| (format!("choice {}", choice.id), words)));
    }
    parts.extend(text.outcomes.iter().map(|(key, words)| (format!("outcome {key}"), words.as_str())));
    parts.into_iter().flat_map(|(part, words)| placeholders(words).map(move |hole| (part.clone(), hole))).collect()
}

/// Every id a player can meet must have a label in every language.
fn labels(rules: &Rules, texts: &[Texts], ids: &Ids<'_>, report: &Report) {
    fn words<K: Copy>(all: &[K], word: impl Fn(K) -> &'static str) -> Vec<String> {
        all.iter().map(|kind| word(*kind).to_owned()).collect()
    }
    let has_achievements = !rules.achievements.is_empty();
    let topics: BTreeSet<&String> = rules.events.iter().map(|event| &event.topic).collect();
    let needed: BTreeMap<&str, Vec<String>> = BTreeMap::from([
        ("stage", words(Stage::ALL, Stage::as_str)),
        ("relation", words(Relation::ALL, Relation::as_str)),
        ("settlement", words(Settlement::ALL, Settlement::as_str)),
        ("terrain", words(Terrain::ALL, Terrain::as_str)),
        ("education", words(Schooling::ALL, Schooling::as_str)),
        ("gender", words(Gender::ALL, Gender::as_str)),
        ("occupation", rules.occupations.iter().map(|occupation| occupation.id.clone()).collect()),
        ("condition", rules.illnesses.iter().map(|illness| illness.id.clone()).collect()),
        (
            "rank",
            if rules.occupations.iter().any(|work| work.ranks > 0) {
                words(&[0, 1, 2, 3, 4], |rank| RANKS[rank])
            } else {
                Vec::new()
            },
        ),
        (
            "achievement_category",
            if has_achievements { words(AchievementCategory::ALL, AchievementCategory::as_str) } else { Vec::new() },
        ),
        ("rarity", if has_achievements { words(Rarity::ALL, Rarity::as_str) } else { Vec::new() }),
        ("cause", ids.all(Kind::Cause).map(str::to_owned).collect()),
        ("topic", topics.into_iter().cloned().collect()),
    ]);
    for (locale, texts) in Locale::ALL.iter().zip(texts) {
        for (group, keys) in &needed {
            let known = texts.labels.get(*group);
            for key in keys.iter().filter(|key| known.is_none_or(|labels| !labels.contains_key(*key))) {
                let file = format!("text/{locale}/labels.toml");
                report.about_file(&file, Rule::Locale, format!("[{group}] has no label for \"{key}\""));
            }
        }
    }
}
