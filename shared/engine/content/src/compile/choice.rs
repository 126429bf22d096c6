//! Decisions: the answers an event offers, and what each may bring.

use super::effect::Branches;
use super::range::Ranges;
use super::reader::{Fields, Node};
use super::report::Rule;
use crate::model::{Branch, Check, Choice, Decision, Requirement, Term};

/// Reads an event's decision: the choices, and how they are asked.
pub(super) fn read(fields: &Fields<'_>, branches: &mut Branches<'_>, ranges: &Ranges) -> Option<Decision> {
    let manner = fields.get("decision");
    let Some(list) = fields.get("choices") else {
        if let Some(manner) = manner {
            manner.report(Rule::MissingKey, "a decision without choices");
        }
        return None;
    };
    let (needs_confirmation, time_limit_s) = manner.and_then(read_manner).unwrap_or_default();
    let choices = list.list_of(|node| choice(node, branches, ranges));
    if choices.iter().filter(|choice| choice.is_default).count() != 1 {
        list.report(Rule::DefaultChoice, "exactly one choice must be the default");
    }
    Some(Decision { needs_confirmation, time_limit_s, choices })
}

fn read_manner(node: Node<'_>) -> Option<(bool, u16)> {
    let fields = node.fields()?;
    let confirm = fields.get("needs_confirmation").and_then(Node::boolean).unwrap_or(false);
    let limit = fields.get("time_limit_s").and_then(|node| node.int_in(0, 3600)).unwrap_or(0);
    fields.finish();
    Some((confirm, limit))
}

fn choice(node: Node<'_>, branches: &mut Branches<'_>, ranges: &Ranges) -> Option<Choice> {
    let fields = node.fields()?;
    let id = fields.need("id");
    let choice = Choice {
        id: id?.string()?.to_owned(),
        visible_if: branches.optional_cond(&fields, "visible_if"),
        requires: requirements(&fields, branches),
        is_default: fields.get("default").and_then(Node::boolean).unwrap_or(false),
        always: branches.branch(&fields),
        check: fields.get("check").and_then(|check_node| check(check_node, &fields, branches)),
    };
    if choice.check.is_none() {
        for key in ["success", "partial", "fail"] {
            if let Some(outcome) = fields.get(key) {
                outcome.report(Rule::Outcome, format!("`{key}` without a `check` never happens"));
            }
        }
    }
    if choice.is_default && (choice.check.is_some() || !choice.requires.is_empty() || choice.visible_if.is_some()) {
        node.report(Rule::DefaultChoice, "the default choice must always be open and never rolled");
    }
    if choice.check.is_none() && is_empty(&choice.always) {
        node.report(Rule::DeadChoice, format!("choosing \"{}\" changes nothing", choice.id));
    }
    let gates = choice.requires.iter().map(|requirement| &requirement.cond).chain(&choice.visible_if);
    if !ranges.allow_all(gates) {
        node.report(Rule::Unreachable, format!("\"{}\" can never be chosen where this event happens", choice.id));
    }
    fields.finish();
    Some(choice)
}

fn is_empty(branch: &Branch) -> bool {
    branch.effects.is_empty() && branch.lasting.is_empty() && branch.chains.is_empty()
}

fn requirements(fields: &Fields<'_>, branches: &Branches<'_>) -> Vec<Requirement> {
    let parts = fields.get("requires").and_then(|node| branches.scope.conjuncts(node)).unwrap_or_default();
    parts.into_iter().map(|(cond, source)| Requirement { cond, source }).collect()
}

fn check(node: Node<'_>, choice: &Fields<'_>, branches: &mut Branches<'_>) -> Option<Check> {
    let fields = node.fields()?;
    let percent = |key: &'static str, fallback: i16| fields.get(key).map_or(Some(fallback), |node| node.int_in(0, 100));
    let (base, min, max, partial) =
        (fields.need("base_pct"), percent("min_pct", 5), percent("max_pct", 95), percent("partial_pct", 0));
    let terms = fields.get("terms").map(|list| list.list_of(|item| term(item, branches))).unwrap_or_default();
    fields.finish();
    let mut outcomes = |key: &'static str| choice.get(key).map(|list| branches.outcomes(list)).unwrap_or_default();
    let check = Check {
        base: base?.int_in(0, 100)?,
        min: min?,
        max: max?,
        partial: partial?,
        terms,
        on_success: outcomes("success"),
        on_partial: outcomes("partial"),
        on_fail: outcomes("fail"),
    };
    if check.min > check.max {
        node.report(Rule::BadValue, "`min_pct` is above `max_pct`");
    }
    if check.on_success.is_empty() || check.on_fail.is_empty() {
        node.report(Rule::Outcome, "a check needs `success` and `fail`");
    }
    if (check.partial > 0) == check.on_partial.is_empty() {
        node.report(Rule::Outcome, "`partial` and `partial_pct` go together");
    }
    Some(check)
}

fn term(node: Node<'_>, branches: &Branches<'_>) -> Option<Term> {
    let fields = node.fields()?;
    let add = fields.need("add_pct");
    let term = if let Some(of) = fields.get("of") {
        let (over, step) = (fields.need("over"), fields.need("step"));
        Term::Slope {
            of: branches.scope.num(of)?,
            source: of.string()?.to_owned(),
            over: over?.int()?,
            step: step?.int_in(1, 10_000)?,
            add: add?.int_in(-100, 100)?,
        }
    } else {
        let cond = fields.need("if")?;
        Term::If { cond: branches.scope.cond(cond)?, source: cond.string()?.to_owned(), add: add?.int_in(-100, 100)? }
    };
    fields.finish();
    Some(term)
}
