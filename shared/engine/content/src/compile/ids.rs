//! What exists: collected from all files before any of them is read, so a reference may point forward.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use super::report::{Report, Rule};
use super::source::{At, Document, each_table};
use crate::model::EventIx;

/// A kind of thing that has ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Region,
    Country,
    Shock,
    Technology,
    Occupation,
    Illness,
    Lasting,
    Flag,
    Cause,
}

impl Kind {
    const fn noun(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Country => "country",
            Self::Shock => "shock",
            Self::Technology => "technology",
            Self::Occupation => "occupation",
            Self::Illness => "condition",
            Self::Lasting => "lasting effect",
            Self::Flag => "flag",
            Self::Cause => "cause of death",
        }
    }
}

/// Everything that can be referred to.
#[derive(Debug)]
pub(super) struct Ids<'s> {
    report: &'s Report,
    known: BTreeMap<Kind, BTreeSet<&'s str>>,
    /// Sorted by id, as [`EventIx`] counts them.
    events: Vec<EventId<'s>>,
}

/// An event before it is read.
#[derive(Debug)]
struct EventId<'s> {
    id: &'s str,
    at: At<'s>,
    /// Names of its slots in the order of [`crate::model::SlotIx`]: declared, then spawned, then carried in.
    slots: Vec<String>,
}

/// The tables whose top-level keys are ids.
const KEYED: [(&str, Kind); 5] = [
    ("rules/regions.toml", Kind::Region),
    ("rules/shocks.toml", Kind::Shock),
    ("rules/technologies.toml", Kind::Technology),
    ("rules/occupations.toml", Kind::Occupation),
    ("rules/conditions.toml", Kind::Illness),
];

impl<'s> Ids<'s> {
    pub(super) fn scan(documents: &'s [Document<'s>], report: &'s Report) -> Self {
        let mut ids = Self { report, known: BTreeMap::new(), events: Vec::new() };
        let mut events: BTreeMap<&str, (At<'_>, &DeValue<'_>)> = BTreeMap::new();
        for document in documents {
            if let Some((_, kind)) = KEYED.iter().find(|(file, _)| *file == document.file()) {
                ids.know(*kind, document.root().keys().map(|key| key.get_ref().as_ref()));
            }
            if document.file() == "rules/countries.toml" {
                let countries = document.root().get("country").and_then(|list| list.get_ref().as_array());
                let codes = countries.into_iter().flatten().filter_map(|row| string(row.get_ref().as_table()?, "code"));
                ids.know(Kind::Country, codes);
            }
            if document.file() == "text/en/labels.toml" {
                let causes = document.root().get("cause").and_then(|group| group.get_ref().as_table());
                ids.know(Kind::Cause, causes.into_iter().flatten().map(|(key, _)| key.get_ref().as_ref()));
            }
            if document.file().starts_with("rules/events/") {
                for (at, id, node) in document.fields().entries() {
                    if events.insert(id, (at, node.value())).is_some() {
                        report.add(at, Rule::Duplicate, format!("event \"{id}\" exists already"));
                    }
                    ids.scan_definitions(node.value());
                }
            }
        }
        let mut carried: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        events.values().for_each(|(_, event)| scan_carried(event, &mut carried));
        ids.events = events
            .into_iter()
            .map(|(id, (at, event))| EventId { id, at, slots: slot_names(event, carried.get(id)) })
            .collect();
        ids
    }

    /// Notes what an event defines for others: flags and lasting effects.
    fn scan_definitions(&mut self, event: &'s DeValue<'s>) {
        each_table(event, &mut |table| {
            self.know(Kind::Flag, string(table, "flag"));
            if table.contains_key("per_year") {
                self.know(Kind::Lasting, string(table, "id"));
            }
        });
    }

    fn know(&mut self, kind: Kind, ids: impl IntoIterator<Item = &'s str>) {
        self.known.entry(kind).or_default().extend(ids);
    }

    /// Every id of a kind.
    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = &'s str> + '_ {
        self.known.get(&kind).into_iter().flatten().copied()
    }

    /// The id, if it exists; otherwise a finding.
    pub(super) fn resolve(&self, kind: Kind, id: &str, at: At<'_>) -> Option<String> {
        if self.known.get(&kind).is_some_and(|ids| ids.contains(id)) {
            return Some(id.to_owned());
        }
        match kind {
            Kind::Flag => self.report.add(at, Rule::FlagNeverSet, format!("nothing sets the flag \"{id}\"")),
            _ => self.report.add(at, Rule::UnknownReference, format!("there is no {} \"{id}\"", kind.noun())),
        }
        None
    }

    /// The event's place, if it exists; otherwise a finding.
    pub(super) fn event(&self, id: &str, at: At<'_>) -> Option<EventIx> {
        let found = self.events().find_map(|(ix, event)| (event == id).then_some(ix));
        if found.is_none() {
            self.report.add(at, Rule::UnknownReference, format!("there is no event \"{id}\""));
        }
        found
    }

    /// Every event with its place in the rules.
    pub(super) fn events(&self) -> impl Iterator<Item = (EventIx, &'s str)> + '_ {
        (0..).map(EventIx).zip(self.events.iter().map(|event| event.id))
    }

    /// Reports a finding about the event as a whole.
    pub(super) fn report(&self, ix: EventIx, rule: Rule, message: impl Into<String>) {
        self.report.add(self.events[usize::from(ix.0)].at, rule, message);
    }

    /// Reports a finding about a file as a whole.
    pub(super) fn report_about(&self, file: &str, rule: Rule, message: String) {
        self.report.about_file(file, rule, message);
    }

    /// The names of the event's slots.
    pub(super) fn slots(&self, ix: EventIx) -> &[String] {
        &self.events[usize::from(ix.0)].slots
    }
}

/// Notes which slots the event's chains hand over to which events.
fn scan_carried<'v>(event: &'v DeValue<'v>, carried: &mut BTreeMap<&'v str, BTreeSet<&'v str>>) {
    each_table(event, &mut |table| {
        let Some(carry) = table.get("carry").and_then(|list| list.get_ref().as_array()) else { return };
        let slots: Vec<_> = carry.iter().filter_map(|slot| slot.get_ref().as_str()).collect();
        for target in ["event", "else"].into_iter().filter_map(|key| string(table, key)) {
            carried.entry(target).or_default().extend(&slots);
        }
    });
}

fn slot_names(event: &DeValue<'_>, carried: Option<&BTreeSet<&str>>) -> Vec<String> {
    let declared = event.as_table().and_then(|table| table.get("slots")?.get_ref().as_table());
    let mut names: Vec<String> = declared.into_iter().flatten().map(|(key, _)| key.get_ref().to_string()).collect();
    let mut add = |name: &str| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    each_table(event, &mut |table| {
        if table.contains_key("spawn") {
            string(table, "as").into_iter().for_each(&mut add);
        }
    });
    carried.into_iter().flatten().copied().for_each(&mut add);
    names
}

fn string<'v>(table: &'v DeTable<'_>, key: &str) -> Option<&'v str> {
    table.get(key).and_then(|value| value.get_ref().as_str())
}
