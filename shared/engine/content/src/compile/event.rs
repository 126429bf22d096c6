//! Events, one top-level table each.

use super::choice;
use super::effect::Branches;
use super::expression::Scope as Names;
use super::ids::{Ids, Kind};
use super::range::Ranges;
use super::reader::{Fields, Node};
use super::report::Rule;
use super::source::Document;
use super::table::references;
use crate::model::{
    Cond, Event, EventIx, EventType, LAST_YEAR, Lasting, Limits, MAX_AGE, Missing, Multiplier, Pick, RelationSet, Risk,
    Rules, SENSITIVITIES, Scope, Settlement, Slot, SlotSource, Stage, Terrain, Tier,
};

/// Years an event rests by default.
const DEFAULT_COOLDOWN: u16 = 5;

/// The unit of [`Event::weight`]: draws expected in so many years.
const WEIGHT_YEARS: u32 = 100_000;

/// Reads every event into the rules, sorted by id; mistakes go to the report.
pub(super) fn read(documents: &[Document<'_>], ids: &Ids<'_>, rules: &mut Rules) {
    let mut events: Vec<(EventIx, Event)> = Vec::new();
    for document in documents.iter().filter(|document| document.file().starts_with("rules/events/")) {
        for (_, id, node) in document.fields().entries() {
            let Some(ix) = ids.events().find_map(|(ix, known)| (known == id).then_some(ix)) else { continue };
            if let Some(fields) = node.fields() {
                let (event, lasting) = event(id, &fields, ids.slots(ix), ids);
                events.extend(event.map(|event| (ix, event)));
                for effect in lasting {
                    if rules.lasting.iter().any(|known| known.id == effect.id) {
                        node.report(Rule::Duplicate, format!("lasting effect \"{}\" exists already", effect.id));
                    }
                    rules.lasting.push(effect);
                }
                fields.finish();
            }
        }
    }
    events.sort_by_key(|(ix, _)| *ix);
    rules.events = events.into_iter().map(|(_, event)| event).collect();
    rules.lasting.sort_by(|a, b| a.id.cmp(&b.id));
}

/// One event, with the lasting effects it defines.
fn event(id: &str, fields: &Fields<'_>, slot_names: &[String], ids: &Ids<'_>) -> (Option<Event>, Vec<Lasting>) {
    let names = Names { ids, slots: slot_names, about_person: false };
    let mut branches = Branches::new(names);
    let event = read_event(id, fields, names, &mut branches);
    (event, branches.lasting)
}

fn read_event(id: &str, fields: &Fields<'_>, names: Names<'_>, branches: &mut Branches<'_>) -> Option<Event> {
    let (kind, topic, place) = (fields.need("type"), fields.need("topic"), fields.need("where"));
    let scope = place.and_then(|node| scope(node, names.ids))?;
    let when_node = fields.get("when");
    let when = when_node.and_then(|node| names.cond(node));
    let ranges = Ranges::of(&scope);
    if let (Some(node), Some(cond)) = (when_node, &when)
        && !ranges.allow_all([cond])
    {
        node.report(Rule::Unreachable, "this can never hold where the event happens");
    }
    let ranges = ranges.narrowed_by(when.as_ref());
    let multipliers = fields.get("weight").map(|list| list.list_of(|node| multiplier(node, names))).unwrap_or_default();
    let outcome = branches.branch(fields);
    let decision = choice::read(fields, branches, &ranges);
    let limits = limits(fields, scope.tier);
    Some(Event {
        id: id.to_owned(),
        kind: kind?.word("a type of event", EventType::from_word)?,
        topic: topic?.string()?.to_owned(),
        risk: fields.get("risk").map_or(Some(Risk::None), |node| node.word("a risk", Risk::from_word))?,
        sensitivity: fields.get("sensitivity").map(|list| list.list_of(sensitivity)).unwrap_or_default(),
        weight: weight(fields, &scope),
        multipliers,
        limits: limits?,
        slots: slots(fields, names),
        outcome,
        decision,
        variants: Vec::new(),
        chains: std::mem::take(&mut branches.chains),
        when,
        scope,
    })
}

fn scope(node: Node<'_>, ids: &Ids<'_>) -> Option<Scope> {
    let fields = node.fields()?;
    let ages = match (fields.get("ages"), fields.get("stages")) {
        (Some(ages), None) => ages.range()?,
        (None, Some(stages)) => stage_ages(stages)?,
        _ => {
            node.report(Rule::MissingKey, "say either `ages` or `stages`");
            return None;
        }
    };
    if ages.1 > MAX_AGE {
        node.report(Rule::BadValue, format!("nobody lives past {MAX_AGE}"));
    }
    let land = |key: &'static str| {
        fields.get(key).map(|list| list.list_of(|item| item.word("a terrain", Terrain::from_word))).unwrap_or_default()
    };
    let settlement = |item: Node<'_>| item.word("a settlement", Settlement::from_word);
    let scope = Scope {
        ages,
        years: fields.get("years").map_or(Some((0, LAST_YEAR)), Node::range)?,
        tier: fields.need("tier")?.word("a tier", Tier::from_word)?,
        regions: references(fields.get("regions"), Kind::Region, ids),
        not_regions: references(fields.get("not_regions"), Kind::Region, ids),
        born_in: references(fields.get("born_in"), Kind::Country, ids),
        terrain: land("terrain"),
        not_terrain: land("not_terrain"),
        settlement: fields.get("settlement").map(|list| list.list_of(settlement)).unwrap_or_default(),
    };
    fields.finish();
    Some(scope)
}

/// The ages from the first to the last of the named stages, which must follow one another.
fn stage_ages(node: Node<'_>) -> Option<(u16, u16)> {
    let mut stages = node.list_of(|item| item.word("a stage", Stage::from_word));
    stages.sort();
    let (first, last) = (stages.first()?, stages.last()?);
    if *last as usize - *first as usize + 1 != stages.len() {
        node.report(Rule::BadValue, "the stages must follow one another");
    }
    Some((first.ages().0, last.ages().1))
}

fn sensitivity(node: Node<'_>) -> Option<String> {
    node.word("a known sensitivity", |word| SENSITIVITIES.contains(&word).then(|| word.to_owned()))
}

/// The author's rate as expected draws in [`WEIGHT_YEARS`] years.
fn weight(fields: &Fields<'_>, scope: &Scope) -> u32 {
    let years = u32::from(scope.ages.1.min(90).saturating_sub(scope.ages.0)) + 1;
    let read = |node: Node<'_>| {
        let rate = node.fields()?;
        let per_life = rate.get("per_100_lives").and_then(|node| node.int_in::<u32>(1, 2000));
        let per_decade = rate.get("per_decade").and_then(|node| node.int_in::<u32>(1, 10));
        rate.finish();
        Some(match (per_life, per_decade) {
            (Some(lives), _) => lives * (WEIGHT_YEARS / 100) / years,
            (None, Some(times)) => times * (WEIGHT_YEARS / 10),
            (None, None) => 0,
        })
    };
    match fields.get("rate").and_then(read) {
        Some(weight) => weight.max(1),
        None if scope.tier == Tier::Random => {
            fields.report(Rule::MissingKey, "a random event needs a `rate`");
            1
        }
        None => WEIGHT_YEARS,
    }
}

fn multiplier(node: Node<'_>, names: Names<'_>) -> Option<Multiplier> {
    let fields = node.fields()?;
    let (cond, percent, why) = (fields.need("if"), fields.need("mul_pct"), fields.need("why"));
    fields.finish();
    Some(Multiplier { cond: names.cond(cond?)?, percent: percent?.int_in(0, 1000)?, why: why?.string()?.to_owned() })
}

fn limits(fields: &Fields<'_>, tier: Tier) -> Option<Limits> {
    let Some(node) = fields.get("limits") else {
        if tier == Tier::Fallback {
            fields.report(Rule::MissingKey, "a fallback event must say its `cooldown_years`");
        }
        return Some(Limits { max: None, cooldown_years: DEFAULT_COOLDOWN, exclusive_group: None, quota: None });
    };
    let inner = node.fields()?;
    let once = inner.get("once").and_then(Node::boolean).unwrap_or(false);
    let max = inner.get("max").and_then(|node| node.int_in(1, 120));
    let cooldown = inner.get("cooldown_years");
    if tier == Tier::Fallback && cooldown.is_none() {
        node.report(Rule::MissingKey, "a fallback event must say its `cooldown_years`");
    }
    let limits = Limits {
        max: if once { Some(1) } else { max },
        cooldown_years: cooldown.map_or(Some(DEFAULT_COOLDOWN), |node| node.int_in(1, 120))?,
        exclusive_group: inner.get("exclusive_group").and_then(Node::string).map(str::to_owned),
        quota: inner.get("quota").and_then(Node::string).map(str::to_owned),
    };
    inner.finish();
    Some(limits)
}

fn slots(fields: &Fields<'_>, names: Names<'_>) -> Vec<Slot> {
    let declared = fields.get("slots").and_then(Node::fields);
    let slots = names.slots.iter().map(|name| {
        let found = declared.as_ref().and_then(|table| table.entries().find(|(_, key, _)| key == name));
        let source = found.map_or(Some(SlotSource::Open), |(_, _, node)| find(node, names));
        Some(Slot { name: name.clone(), source: source? })
    });
    slots.collect::<Option<_>>().unwrap_or_default()
}

fn find(node: Node<'_>, names: Names<'_>) -> Option<SlotSource> {
    let fields = node.fields()?;
    let among = fields.need("type")?.word("a relation", RelationSet::from_word)?;
    let cond = fields.get("where").map_or(Some(Cond::Const(true)), |cond| names.person().cond(cond))?;
    let pick = fields.get("pick").map_or(Some(Pick::First), |pick| pick.word("a way to pick", pick_of))?;
    let or = fields.get("or").map_or(Some(Missing::Skip), |or| match or.string()? {
        "skip" => Some(Missing::Skip),
        "spawn" if among.single().is_some() => among.single().map(Missing::Spawn),
        _ => {
            or.report(Rule::BadValue, "`or` is \"skip\", or \"spawn\" for a single relation");
            None
        }
    })?;
    fields.finish();
    Some(SlotSource::Find { among, cond, pick, or })
}

fn pick_of(word: &str) -> Option<Pick> {
    match word {
        "first" => Some(Pick::First),
        "max(intimacy)" => Some(Pick::MaxIntimacy),
        "min(intimacy)" => Some(Pick::MinIntimacy),
        _ => None,
    }
}
