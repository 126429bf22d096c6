//! Alerts and dashboards ask for metrics by name, promise a runbook, and are believed to fire. Held here: every name is in the
//! list of metrics, every runbook is there, every rule has a unit test both ways, every panel's query is PromQL.

pub(crate) mod dashboards;
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

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// This checkout's alerts, dashboards and what they lean on, to be broken.
    fn copy() -> TempDir {
        let copy = TempDir::new().unwrap();
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for folder in
            ["infra/prometheus/rules", "infra/prometheus/tests", "infra/grafana/dashboards", "docs/operations"]
        {
            fs::create_dir_all(copy.path().join(folder)).unwrap();
            for file in fs::read_dir(checkout.join(folder)).unwrap().map(Result::unwrap) {
                fs::copy(file.path(), copy.path().join(folder).join(file.file_name())).unwrap();
            }
        }
        copy
    }

    #[test]
    fn what_is_broken_is_named() {
        let copy = copy();
        assert_eq!(check(copy.path()).unwrap(), Vec::<String>::new());
        let rows = [
            (
                "infra/prometheus/rules/http.yaml",
                "(rate_limited_total",
                "(rate_limits_total",
                "rate_limits_total is not in the list",
            ),
            (
                "infra/prometheus/rules/http.yaml",
                "#slowresponse",
                "#slow",
                "SlowResponse: docs/operations/troubleshooting.md#slow is not there",
            ),
            (
                "infra/prometheus/rules/cache.yaml",
                "severity: info",
                "severity: inform",
                "severity \"inform\" reaches nobody",
            ),
            ("infra/prometheus/rules/cache.yaml", "follows: redis", "follows: reddis", "nothing is silenced by reddis"),
            (
                "infra/prometheus/tests/cache.yaml",
                "alertname: RedisDown",
                "alertname: Another",
                "RedisDown: no unit test fires it as warning",
            ),
            (
                "infra/prometheus/tests/jobs.yaml",
                "BackupUnknown, exp_alerts: []",
                "BackupTooOld, exp_alerts: []",
                "BackupUnknown: no unit test sees it silent",
            ),
            ("docs/operations/monitoring.md", "| `active_users` |", "| `users` |", "active_users is not in the list"),
            (
                "infra/grafana/dashboards/cache.json",
                "\"cache_hit_ratio{",
                "\"cache_hits{",
                "cache_hits is not in the list",
            ),
            (
                "infra/grafana/dashboards/cache.json",
                "label_values(cache_requests_total,",
                "label_values(caches,",
                "$class: caches is not in the list",
            ),
            (
                "infra/grafana/dashboards/cache.json",
                "\"name\": \"class\"",
                "\"name\": \"kind\"",
                "$class is not defined",
            ),
            (
                "infra/grafana/dashboards/slo.json",
                "\"slo:burn_rate:1d{",
                "\"slo:burn_rate:1d{{",
                "could not parse expression",
            ),
            ("infra/grafana/dashboards/slo.json", "\"unit\": \"short\"", "\"unit\": \"\"", "no unit or no thresholds"),
            (
                "infra/grafana/dashboards/slo.json",
                "#errorbudgetburn",
                "#budget",
                "troubleshooting.md#budget is not there",
            ),
            ("infra/grafana/dashboards/slo.json", "\"id\": 2,", "\"id\": 1,", "the id 1 is another's"),
            (
                "infra/grafana/dashboards/slo.json",
                "restart-life-slo",
                "restart-life-cache",
                "the uid restart-life-cache is another's",
            ),
        ];
        for (path, from, to, expected) in rows {
            let file = copy.path().join(path);
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains(from), "{path} does not have {from}");
            fs::write(&file, text.replace(from, to)).unwrap();
            let found = check(copy.path()).unwrap();
            assert!(found.iter().any(|finding| finding.contains(expected)), "{expected}: {found:#?}");
            fs::write(&file, text).unwrap();
        }
    }
}
