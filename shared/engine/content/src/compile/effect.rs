//! Effects, lasting effects and chains: what happens together in one branch of an event.

use super::expression::Scope;
use super::ids::{Ids, Kind};
use super::reader::{Fields, Node};
use super::report::Rule;
use crate::model::{
    AssetKind, Attribute, Branch, Chain, Cond, Effect, EventIx, Lasting, Payer, Relation, Schooling, Skill, SlotIx,
};

/// Days of work in a month: the unit of `money_months` and `months`.
const DAYS_PER_MONTH: i32 = 30;

/// Collects what an event's branches define, while they are read.
#[derive(Debug)]
pub(super) struct Branches<'a> {
    pub(super) ids: &'a Ids<'a>,
    pub(super) scope: Scope<'a>,
    pub(super) chains: Vec<Chain>,
    pub(super) lasting: Vec<Lasting>,
}

impl<'a> Branches<'a> {
    pub(super) fn new(scope: Scope<'a>) -> Self {
        Self { ids: scope.ids, scope, chains: Vec::new(), lasting: Vec::new() }
    }

    /// Reads `effects`, `lasting` and `chain`; `text` is left to the caller.
    pub(super) fn branch(&mut self, fields: &Fields<'_>) -> Branch {
        let mut branch = Branch {
            effects: fields.get("effects").map(|list| self.effects(list)).unwrap_or_default(),
            ..Branch::default()
        };
        for node in fields.get("lasting").map(Node::list).unwrap_or_default() {
            if let Some(lasting) = self.lasting(node) {
                branch.lasting.push(lasting.id.clone());
                self.lasting.push(lasting);
            }
        }
        for node in fields.get("chain").map(Node::list).unwrap_or_default() {
            if let Some(chain) = self.chain(node) {
                branch.chains.extend(u8::try_from(self.chains.len()));
                self.chains.push(chain);
            }
        }
        branch
    }

    /// Reads the branches an outcome may take, each with its text.
    pub(super) fn outcomes(&mut self, node: Node<'_>) -> Vec<Branch> {
        node.list_of(|item| {
            let fields = item.fields()?;
            let text = fields.need("text");
            let branch = self.branch(&fields);
            fields.finish();
            Some(Branch { text: Some(text?.string()?.to_owned()), ..branch })
        })
    }

    fn effects(&self, list: Node<'_>) -> Vec<Effect> {
        list.list_of(|node| {
            let fields = node.fields()?;
            let effect = self.effect(&fields);
            fields.finish();
            effect
        })
    }

    /// One effect: the first key known to be one decides which.
    fn effect(&self, fields: &Fields<'_>) -> Option<Effect> {
        let add = || fields.need("add")?.int_in(-100, 100);
        let amount = |node: Node<'_>| node.int_in(-100, 100);
        let days = |node: Node<'_>, unit: i32| Some(node.int_in(-2_000_000 / unit, 2_000_000 / unit)? * unit);
        let id = |node: Node<'_>, kind| self.ids.resolve(kind, node.string()?, node.at());
        let schooling = |node: Node<'_>| node.word("a level of schooling", Schooling::from_word);

        if let Some(node) = fields.get("attr") {
            Some(Effect::Attr(node.word("an attribute", Attribute::from_word)?, add()?))
        } else if let Some(node) = fields.get("skill") {
            Some(Effect::Skill(node.word("a skill", Skill::from_word)?, add()?))
        } else if let Some(node) = fields.get("health") {
            let physical = node.word("physical or mental", |word| match word {
                "physical" => Some(true),
                "mental" => Some(false),
                _ => None,
            })?;
            add().map(if physical { Effect::Physical } else { Effect::Mental })
        } else if let Some(node) = fields.get("stress") {
            amount(node).map(Effect::Stress)
        } else if let Some(node) = fields.get("happiness") {
            amount(node).map(Effect::Happiness)
        } else if let Some(node) = fields.get("money_days") {
            Some(Effect::Money(days(node, 1)?, payer(fields)?))
        } else if let Some(node) = fields.get("money_months") {
            Some(Effect::Money(days(node, DAYS_PER_MONTH)?, payer(fields)?))
        } else if let Some(node) = fields.get("education") {
            schooling(node).map(Effect::Education)
        } else if let Some(node) = fields.get("enrol") {
            schooling(node).map(Effect::Enrol)
        } else if fields.get("leave_school").is_some() {
            Some(Effect::LeaveSchool)
        } else if let Some(node) = fields.get("job") {
            id(node, Kind::Occupation).map(Effect::Job)
        } else if fields.get("lose_job").is_some() {
            Some(Effect::LoseJob)
        } else if fields.get("retire").is_some() {
            Some(Effect::Retire)
        } else if let Some(node) = fields.get("flag") {
            Some(Effect::Flag(node.string()?.to_owned()))
        } else if let Some(node) = fields.get("unflag") {
            id(node, Kind::Flag).map(Effect::Unflag)
        } else if let Some(node) = fields.get("condition") {
            id(node, Kind::Illness).map(Effect::Condition)
        } else if let Some(node) = fields.get("cure") {
            id(node, Kind::Illness).map(Effect::Cure)
        } else if let Some(node) = fields.get("death") {
            id(node, Kind::Cause).map(Effect::Death)
        } else if let Some(node) = fields.get("asset") {
            let kind = node.word("a kind of asset", AssetKind::from_word)?;
            Some(Effect::Asset(kind, days(fields.need("months")?, DAYS_PER_MONTH)?))
        } else {
            self.person_effect(fields)
        }
    }

    fn person_effect(&self, fields: &Fields<'_>) -> Option<Effect> {
        if let Some(node) = fields.get("spawn") {
            let relation = node.word("a relation", Relation::from_word)?;
            Some(Effect::Spawn(relation, fields.get("as").and_then(|slot| self.slot(slot))))
        } else if let Some(node) = fields.get("marry") {
            self.slot(node).map(Effect::Marry)
        } else if let Some(node) = fields.get("part") {
            self.slot(node).map(Effect::Part)
        } else if let Some(node) = fields.get("dies") {
            self.slot(node).map(Effect::Dies)
        } else if let Some(node) = fields.get("rel") {
            let amount = |key: &'static str| fields.get(key).map_or(Some(0), |node| node.int_in(-100, 100));
            let (intimacy, trust, support) = (amount("intimacy")?, amount("trust")?, amount("support")?);
            Some(Effect::Rel { slot: self.slot(node)?, intimacy, trust, support })
        } else {
            fields.report(Rule::MissingKey, "this effect does nothing the format knows");
            None
        }
    }

    /// A slot of this event.
    fn slot(&self, node: Node<'_>) -> Option<SlotIx> {
        let name = node.string()?;
        let found = slot_ix(self.scope.slots, name);
        if found.is_none() {
            node.report(Rule::UnknownReference, format!("this event has no slot \"{name}\""));
        }
        found
    }

    fn lasting(&self, node: Node<'_>) -> Option<Lasting> {
        let fields = node.fields()?;
        let (id, years, per_year) = (fields.need("id"), fields.need("years"), fields.need("per_year"));
        let lasting = Lasting {
            id: id?.string()?.to_owned(),
            per_year: self.effects(per_year?),
            years: years?.int_in(1, 120)?,
            ends_if: self.optional_cond(&fields, "ends_if"),
        };
        fields.finish();
        Some(lasting)
    }

    fn chain(&self, node: Node<'_>) -> Option<Chain> {
        let fields = node.fields()?;
        let (event, after) = (fields.need("event"), fields.need("in"));
        let target = event.and_then(|node| self.event(node));
        let chain = Chain {
            event: target?,
            after: after?.range()?,
            chance_percent: fields.get("chance_pct").map_or(Some(100), |node| node.int_in(1, 100))?,
            cond: self.optional_cond(&fields, "if"),
            cancel_if: self.optional_cond(&fields, "cancel_if"),
            carry: fields.get("carry").map(|list| list.list_of(|slot| self.carry(slot, target?))).unwrap_or_default(),
            or_else: fields.get("else").and_then(|node| self.event(node)),
        };
        fields.finish();
        if chain.after.0 == 0 {
            node.report(Rule::BadValue, "a chain needs at least a year");
        }
        Some(chain)
    }

    fn carry(&self, node: Node<'_>, target: EventIx) -> Option<(SlotIx, SlotIx)> {
        let here = self.slot(node)?;
        Some((here, slot_ix(self.ids.slots(target), node.string()?)?))
    }

    fn event(&self, node: Node<'_>) -> Option<EventIx> {
        self.ids.event(node.string()?, node.at())
    }

    pub(super) fn optional_cond(&self, fields: &Fields<'_>, key: &'static str) -> Option<Cond> {
        fields.get(key).and_then(|node| self.scope.cond(node))
    }
}

fn payer(fields: &Fields<'_>) -> Option<Payer> {
    fields.get("payer").map_or(Some(Payer::OwnPocket), |node| node.word("self or household", Payer::from_word))
}

fn slot_ix(slots: &[String], name: &str) -> Option<SlotIx> {
    (0..).map(SlotIx).zip(slots).find_map(|(ix, slot)| (slot == name).then_some(ix))
}
