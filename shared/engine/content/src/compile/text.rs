//! The words: one file per language and theme, brought into the order of the rules they tell.

use std::collections::{BTreeMap, BTreeSet};

use super::achievement::{self, WORDS};
use super::expression::Scope;
use super::ids::Ids;
use super::reader::{Fields, Node};
use super::report::Rule;
use super::source::Document;
use crate::model::{ChoiceText, Cond, Event, EventIx, EventText, Locale, Rules, Texts};

/// The file of labels in each language's folder.
const LABELS: &str = "labels.toml";

/// Reads every language, in the order of [`Locale::ALL`]; the conditions of text variants move into the rules.
pub(super) fn read(documents: &[Document<'_>], ids: &Ids<'_>, rules: &mut Rules) -> Vec<Texts> {
    Locale::ALL.iter().map(|locale| read_locale(*locale, documents, ids, rules)).collect()
}

fn read_locale(locale: Locale, documents: &[Document<'_>], ids: &Ids<'_>, rules: &mut Rules) -> Texts {
    let folder = format!("text/{locale}/");
    let mut told: BTreeMap<String, EventText> = BTreeMap::new();
    let mut texts = Texts::default();
    for document in documents {
        let Some(file) = document.file().strip_prefix(&folder) else { continue };
        if file == WORDS {
            continue;
        }
        for (at, id, node) in document.fields().entries() {
            if file == LABELS {
                texts.labels.insert(id.to_owned(), labels(node));
                continue;
            }
            let Some(ix) = ids.event(id, at) else { continue };
            let Some(event) = rules.events.iter_mut().find(|event| event.id == id) else { continue };
            let mut reader = Reader { locale, ids, ix, event };
            if told.insert(id.to_owned(), reader.event(node).unwrap_or_default()).is_some() {
                node.report(Rule::Duplicate, format!("\"{id}\" is told twice in {locale}"));
            }
        }
    }
    let missing = ids.events().filter(|(_, id)| !told.contains_key(*id));
    for (ix, id) in missing {
        ids.report(ix, Rule::Locale, format!("\"{id}\" is not told in {locale}"));
    }
    let words = documents.iter().find(|document| document.file().strip_prefix(&folder) == Some(WORDS));
    texts.achievements = achievement::words(words, rules, ids, locale.as_str());
    texts.events = rules.events.iter().map(|event| told.remove(&event.id).unwrap_or_default()).collect();
    texts
}

fn labels(node: Node<'_>) -> BTreeMap<String, String> {
    let fields = node.fields();
    let entries = fields.iter().flat_map(Fields::entries);
    entries.filter_map(|(_, id, node)| Some((id.to_owned(), node.string()?.to_owned()))).collect()
}

/// Reads the words for one event in one language.
struct Reader<'a, 'e> {
    locale: Locale,
    ids: &'a Ids<'a>,
    ix: EventIx,
    event: &'e mut Event,
}

impl Reader<'_, '_> {
    fn event(&mut self, node: Node<'_>) -> Option<EventText> {
        let fields = node.fields()?;
        let (title, text) = (fields.need("title"), fields.need("text"));
        let told = EventText {
            title: title.and_then(|node| self.words(node)).unwrap_or_default(),
            variants: text.map(|node| self.variants(node)).unwrap_or_default(),
            choices: self.choices(&fields, node),
            outcomes: self.outcomes(&fields, node),
        };
        fields.finish();
        Some(told)
    }

    /// A text, its placeholders checked.
    fn words(&self, node: Node<'_>) -> Option<String> {
        let text = node.string()?;
        for hole in placeholders(text) {
            if !self.fills(hole) {
                node.report(Rule::Placeholder, format!("nothing fills {{{hole}}}"));
            }
        }
        Some(text.to_owned())
    }

    fn fills(&self, hole: &str) -> bool {
        let (base, form) = hole.split_once('.').map_or((hole, None), |(base, form)| (base, Some(form)));
        match form {
            None if ["name", "age", "year", "place"].contains(&base) => true,
            None => self.has_slot(base),
            Some("pron") => self.has_slot(base),
            Some("subj" | "obj" | "poss") => self.locale == Locale::En && self.has_slot(base),
            Some(_) => false,
        }
    }

    fn has_slot(&self, name: &str) -> bool {
        self.event.slots.iter().any(|slot| slot.name == name)
    }

    /// The variants; their conditions belong to the rules, and every language must have the same.
    fn variants(&mut self, node: Node<'_>) -> Vec<String> {
        if node.value().is_str() {
            self.agree(node, vec![None]);
            return self.words(node).into_iter().collect();
        }
        let scope = Scope { ids: self.ids, slots: self.ids.slots(self.ix), about_person: false };
        let mut conds: Vec<Option<Cond>> = Vec::new();
        let mut texts = Vec::new();
        for item in node.list() {
            let Some(fields) = item.fields() else { continue };
            conds.push(fields.get("if").and_then(|cond| scope.cond(cond)));
            texts.extend(fields.need("text").and_then(|text| self.words(text)));
            fields.finish();
        }
        if conds.iter().position(Option::is_none) != conds.len().checked_sub(1) {
            node.report(Rule::BadValue, "only the last variant, and always the last, has no `if`");
        }
        self.agree(node, conds);
        texts
    }

    fn agree(&mut self, node: Node<'_>, conds: Vec<Option<Cond>>) {
        if self.event.variants.is_empty() {
            self.event.variants = conds;
        } else if self.event.variants != conds {
            node.report(Rule::Locale, "the variants' conditions differ between the languages");
        }
    }

    fn choices(&self, fields: &Fields<'_>, node: Node<'_>) -> Vec<ChoiceText> {
        let table = fields.get("choices").and_then(Node::fields);
        let choices = self.event.decision.iter().flat_map(|decision| &decision.choices);
        let known: BTreeSet<&str> = choices.clone().map(|choice| choice.id.as_str()).collect();
        for (at_node, id) in table.iter().flat_map(Fields::entries).map(|(_, id, node)| (node, id)) {
            if !known.contains(id) {
                at_node.report(Rule::Locale, format!("there is no choice \"{id}\""));
            }
        }
        let told = choices.map(|choice| {
            let found = table.as_ref().and_then(|table| table.entries().find(|(_, id, _)| *id == choice.id));
            match found {
                Some((_, _, node)) => self.choice(node).unwrap_or_default(),
                None => {
                    node.report(Rule::Locale, format!("the choice \"{}\" has no words", choice.id));
                    ChoiceText::default()
                }
            }
        });
        told.collect()
    }

    fn choice(&self, node: Node<'_>) -> Option<ChoiceText> {
        let fields = node.fields()?;
        let text = |key: &'static str| fields.get(key).and_then(|node| self.words(node));
        let told = ChoiceText {
            label: fields.need("label").and_then(|node| self.words(node)).unwrap_or_default(),
            hint: text("hint").unwrap_or_default(),
            long_term_hint: text("long_term_hint"),
            done: text("done"),
        };
        fields.finish();
        Some(told)
    }

    fn outcomes(&self, fields: &Fields<'_>, node: Node<'_>) -> BTreeMap<String, String> {
        let table = fields.get("outcomes").and_then(Node::fields);
        let mut told = BTreeMap::new();
        let expected = outcome_keys(self.event);
        for (_, key, words) in table.iter().flat_map(Fields::entries) {
            if !expected.contains(key) {
                words.report(Rule::Outcome, format!("no outcome is called \"{key}\""));
            }
            told.extend(self.words(words).map(|text| (key.to_owned(), text)));
        }
        for key in expected.iter().filter(|key| !told.contains_key(**key)) {
            node.report(Rule::Outcome, format!("the outcome \"{key}\" is not told in {}", self.locale));
        }
        told
    }
}

/// The keys by which an event's outcomes are told.
fn outcome_keys(event: &Event) -> BTreeSet<&str> {
    let choices = event.decision.iter().flat_map(|decision| &decision.choices);
    let checks = choices.filter_map(|choice| choice.check.as_ref());
    let branches = checks.flat_map(|check| check.on_success.iter().chain(&check.on_partial).chain(&check.on_fail));
    branches.filter_map(|branch| branch.text.as_deref()).collect()
}

/// The names between braces.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).map(|rest| rest.split_once('}').map_or(rest, |(hole, _)| hole))
}
