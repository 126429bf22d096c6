//! One provider's JSON object while it is read: every field is taken once, what is left is unknown, and each problem
//! names its field.

use serde_json::{Map, Value};

use super::Endpoint;

pub(super) struct Fields {
    label: String,
    left: Map<String, Value>,
    problems: Vec<String>,
}

impl Fields {
    pub(super) fn new(label: String, map: Map<String, Value>) -> Self {
        Self { label, left: map, problems: Vec::new() }
    }

    /// From now on problems are this provider's.
    pub(super) fn call(&mut self, id: &str) {
        self.label = id.to_owned();
    }

    pub(super) fn problem(&mut self, field: &str, problem: &str) {
        self.problems.push(format!("{}.{field} {problem}", self.label));
    }

    /// Notes the problem unless `holds`, and says whether it does.
    pub(super) fn check(&mut self, field: &str, holds: bool, problem: &str) -> bool {
        if !holds {
            self.problem(field, problem);
        }
        holds
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.left.contains_key(field)
    }

    /// Nothing more can be said about what is left.
    pub(super) fn forget(&mut self) {
        self.left.clear();
    }

    /// The problems, those of unknown fields among them.
    pub(super) fn end(mut self) -> Vec<String> {
        let unknown: Vec<String> = std::mem::take(&mut self.left).into_iter().map(|(name, _)| name).collect();
        for name in unknown {
            self.problem(&name, "is not a field of this kind");
        }
        self.problems
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        let is_there = self.has(field);
        let text = self.optional_text(field);
        if !is_there {
            self.problem(field, "is missing");
        }
        text
    }

    pub(super) fn optional_text(&mut self, field: &str) -> Option<String> {
        match self.left.remove(field)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => {
                self.problem(field, "must be a text that is not empty");
                None
            }
        }
    }

    /// A text that `parse` reads.
    pub(super) fn parsed<T>(&mut self, field: &str, parse: impl Fn(&str) -> Result<T, &'static str>) -> Option<T> {
        let text = self.text(field)?;
        parse(&text).map_err(|problem| self.problem(field, problem)).ok()
    }

    pub(super) fn endpoint(&mut self, field: &str, default: Option<&str>) -> Option<Endpoint> {
        match default {
            Some(default) if !self.has(field) => Endpoint::parse(default).ok(),
            _ => self.parsed(field, Endpoint::parse),
        }
    }

    pub(super) fn flag(&mut self, field: &str, default: bool) -> bool {
        match self.left.remove(field) {
            None => default,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.problem(field, "must be true or false");
                default
            }
        }
    }

    /// One of a few words; the first when not given.
    pub(super) fn one_of<T: Copy>(&mut self, field: &str, words: &[(&str, T)]) -> Option<T> {
        if !self.has(field) {
            return words.first().map(|(_, value)| *value);
        }
        let text = self.optional_text(field)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.problem(field, &format!("must be {}", known.join(" or ")));
        }
        found
    }

    pub(super) fn list(&mut self, field: &str) -> Option<Vec<String>> {
        let value = self.left.remove(field)?;
        let list = serde_json::from_value(value).ok();
        if list.is_none() {
            self.problem(field, "must be an array of texts");
        }
        list
    }

    /// An object of texts, in the order of their names.
    pub(super) fn params(&mut self, field: &str) -> Vec<(String, String)> {
        let Some(value) = self.left.remove(field) else { return Vec::new() };
        match serde_json::from_value::<std::collections::BTreeMap<String, String>>(value) {
            Ok(params) => params.into_iter().collect(),
            Err(_) => {
                self.problem(field, "must be an object of texts");
                Vec::new()
            }
        }
    }
}
