//! What the dashboards show: every panel's query, asked of a Prometheus that has watched a gateway.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::faults::Shows;
use super::watch::Watch;

const FOLDER: &str = "infra/grafana/dashboards";
/// What Grafana fills in where a panel is looked at as a fault is under way, and at the end over the whole drill.
const NOW: &str = "10s";
const WHOLE_DRILL: &str = "15m";

/// Panels that must be empty here, and why.
const EMPTY: [(&str, &str); 4] = [
    ("offset 1w", "there was no last week"),
    ("week_over_week", "there was no last week"),
    ("backup_last_success_timestamp_seconds", "nobody makes backups of the drill's database"),
    ("refresh_reused", "nobody stole a token"),
];

/// Asks every panel over the whole drill; how many had something to show.
pub(super) async fn look(checkout: &Path, watch: &Watch) -> Result<usize> {
    let (mut shown, mut empty) = (0, Vec::new());
    for (dashboard, panels) in dashboards(checkout)? {
        for panel in panels {
            for expression in expressions(&panel, WHOLE_DRILL) {
                let title = panel["title"].as_str().unwrap_or_default();
                let series = watch.query(&expression).await.with_context(|| format!("{dashboard}: {title}"))?;
                let may_be_empty = EMPTY.iter().any(|(part, _)| expression.contains(part));
                if series.iter().any(|(_, value)| !value.is_nan()) {
                    shown += 1;
                } else if !may_be_empty {
                    empty.push(format!("{dashboard}: {title}: {expression}"));
                }
            }
        }
    }
    ensure!(empty.is_empty(), "panels with nothing to show:\n{}", empty.join("\n"));
    Ok(shown)
}

/// Whether one of a panel's series shows this now.
pub(super) async fn shows(
    checkout: &Path,
    watch: &Watch,
    (dashboard, title): (&str, &str),
    what: Shows,
) -> Result<bool> {
    let found = dashboards(checkout)?.into_iter().find(|(name, _)| name == dashboard);
    let panels = found.with_context(|| format!("there is no dashboard {dashboard}"))?.1;
    let panel = panels.into_iter().find(|panel| panel["title"] == title);
    let panel = panel.with_context(|| format!("{dashboard} has no panel {title}"))?;
    for expression in expressions(&panel, NOW) {
        let is_it = |value: f64| match what {
            Shows::AtLeast(least) => value >= least,
            Shows::AtMost(most) => value <= most,
        };
        if watch.query(&expression).await?.into_iter().any(|(_, value)| is_it(value)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn dashboards(checkout: &Path) -> Result<Vec<(String, Vec<Value>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(checkout.join(FOLDER))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let dashboard: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        found.push((name, dashboard["panels"].as_array().cloned().unwrap_or_default()));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// A panel's queries as Grafana would send them, looking back over `range`, with every choice left at "all".
fn expressions(panel: &Value, range: &str) -> Vec<String> {
    let targets = panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    targets.iter().filter_map(|target| Some(filled_in(target["expr"].as_str()?, range))).collect()
}

fn filled_in(expression: &str, range: &str) -> String {
    let mut parts = expression.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        filled.push_str(if name.starts_with("__") { range } else { ".*" });
        filled.push_str(rest);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grafana_fills_in_is_filled_in() {
        let expression = r#"rate(a{route=~"$route",b="$b"}[$__rate_interval]) + c[$__range]"#;
        assert_eq!(filled_in(expression, "5s"), r#"rate(a{route=~".*",b=".*"}[5s]) + c[5s]"#);
    }
}
