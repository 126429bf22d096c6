//! Periods and routes: how money, law and custom work, and where people went.

use super::ids::{Ids, Kind};
use super::reader::{Fields, Node};
use super::report::Rule;
use super::table::references;
use crate::model::{BIRTH_YEARS, LAST_YEAR, Period, Route, Rules, Society};

/// Reads `rules/society.toml`.
pub(super) fn read(root: Fields<'_>, ids: &Ids<'_>, rules: &mut Rules) {
    rules.periods = root.need("period").map(|list| list.list_of(|row| period(row, ids))).unwrap_or_default();
    rules.routes = root.get("route").map(|list| list.list_of(|row| route(row, ids))).unwrap_or_default();
    let mut next = BIRTH_YEARS.0;
    for period in &rules.periods {
        if period.years.0 != next {
            root.report(Rule::Coverage, format!("a period should begin in {next}"));
        }
        next = period.years.1 + 1;
    }
    if next != LAST_YEAR + 1 {
        root.report(Rule::Coverage, format!("the periods should end in {LAST_YEAR}"));
    }
    root.finish();
}

/// The default row first; each group changes it for its regions.
fn period(row: Node<'_>, ids: &Ids<'_>) -> Option<Period> {
    let fields = row.fields()?;
    let years = fields.need("years");
    let default = fields.need("default").and_then(|node| society(&node.fields()?, None));
    let mut period = Period { years: years?.range()?, regions: Default::default() };
    let default = default?;
    period.regions.extend(ids.all(Kind::Region).map(|region| (region.to_owned(), default)));
    for node in fields.get("group").map(Node::list).unwrap_or_default() {
        let Some(group) = node.fields() else { continue };
        for region in references(group.need("regions"), Kind::Region, ids) {
            let Some(row) = period.regions.get(&region).copied() else { continue };
            let Some(changed) = society(&group, Some(row)) else { continue };
            period.regions.insert(region, changed);
        }
        group.finish();
    }
    fields.finish();
    Some(period)
}

/// A row, complete or as changes to another.
fn society(fields: &Fields<'_>, base: Option<Society>) -> Option<Society> {
    let mut row = base.unwrap_or(Society::FALLBACK);
    for (key, low, high) in Society::COLUMNS {
        let node = if base.is_none() { fields.need(key) } else { fields.get(key) };
        if let (Some(node), Some(column)) = (node, row.column_mut(key)) {
            *column = node.int_in(*low, *high)?;
        }
    }
    Some(row)
}

fn route(row: Node<'_>, ids: &Ids<'_>) -> Option<Route> {
    let fields = row.fields()?;
    let route = Route {
        years: fields.need("years").and_then(Node::range)?,
        from: references(fields.need("from"), Kind::Region, ids),
        to: references(fields.need("to"), Kind::Country, ids),
        weight: fields.get("weight").map_or(Some(10), |node| node.int_in(1, 1000))?,
    };
    fields.finish();
    Some(route)
}
