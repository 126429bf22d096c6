//! Alerts and dashboards ask for metrics by name, promise a runbook, and are believed to fire. Held here: every name is in the
//! list of metrics, every runbook is there, every rule has a unit test both ways, every panel's query is PromQL.

mod dashboards;
mod list;
mod promql;
mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

const LIST: &str = "docs/operations/monitoring.md";
/// Prometheus makes these itself.
const PROMETHEUS_OWN: [&str; 2] = ["up", "ALERTS"];

/// Everything that is asked for or promised and is not there.
pub(super) fn check(checkout: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(checkout.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let files = rules::read(checkout)?;
    let mut names = list::names(&text);
    let mut found = Vec::new();
    if names.is_empty() {
        found.push(format!("{LIST}: no metric is listed"));
    }
    names.extend(PROMETHEUS_OWN.map(str::to_owned));
    names.extend(rules::recorded(&files));
    found.extend(rules::check(checkout, &files, &names)?);
    found.extend(dashboards::check(checkout, &names)?);
    Ok(found)
}

/// The names an expression asks for that nobody exports or records.
fn unknown<'e>(expression: &'e str, names: &BTreeSet<String>) -> Vec<&'e str> {
    promql::metrics(expression).into_iter().filter(|name| !names.contains(*name)).collect()
}
