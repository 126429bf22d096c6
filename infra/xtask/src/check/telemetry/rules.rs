//! The rules of `infra/prometheus/rules` and their unit tests in `infra/prometheus/tests`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::unknown;
use crate::check::{links, tools};

const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];
/// What an alert can follow from: Alertmanager has an inhibition for each.
const CAUSES: [&str; 3] = ["postgres", "redis", "gateway"];

/// A file of rules and where it is.
pub(super) struct RuleFile {
    path: PathBuf,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Suite {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    alert_rule_test: Vec<AlertTest>,
}

#[derive(Deserialize)]
struct AlertTest {
    alertname: String,
    #[serde(default)]
    exp_alerts: Vec<Fired>,
}

#[derive(Deserialize)]
struct Fired {
    #[serde(default)]
    exp_labels: BTreeMap<String, String>,
}

/// All rules.
pub(super) fn read(checkout: &Path) -> Result<Vec<RuleFile>> {
    let files = tools::files(checkout, "infra/prometheus/rules")?;
    files
        .into_iter()
        .map(|path| {
            let Groups { groups } = parse(checkout, &path)?;
            Ok(RuleFile { path, rules: groups.into_iter().flat_map(|group| group.rules).collect() })
        })
        .collect()
}

fn parse<T: DeserializeOwned>(checkout: &Path, path: &Path) -> Result<T> {
    let text = fs::read_to_string(checkout.join(path)).with_context(|| format!("cannot read {}", path.display()))?;
    yaml_serde::from_str(&text).with_context(|| format!("cannot parse {}", path.display()))
}

/// The names that recording rules make.
pub(super) fn recorded(files: &[RuleFile]) -> impl Iterator<Item = String> {
    files.iter().flat_map(|file| &file.rules).filter_map(|rule| rule.record.clone())
}

/// What is wrong with any rule.
pub(super) fn check(checkout: &Path, files: &[RuleFile], names: &BTreeSet<String>) -> Result<Vec<String>> {
    let tested = Tested::read(checkout)?;
    let mut found = Vec::new();
    for file in files {
        for rule in &file.rules {
            let name = rule.alert.as_deref().or(rule.record.as_deref()).unwrap_or("a rule without a name");
            let mut complain = |what: String| found.push(format!("{}: {name}: {what}", file.path.display()));
            unknown(&rule.expr, names).into_iter().for_each(|metric| complain(format!("{metric} is not in the list")));
            if rule.alert.is_some() {
                rule.complaints(checkout).into_iter().for_each(&mut complain);
                tested.lacks(name, rule.label("severity")).into_iter().for_each(&mut complain);
            }
        }
    }
    Ok(found)
}

impl Rule {
    fn label(&self, name: &str) -> &str {
        self.labels.get(name).map(String::as_str).unwrap_or_default()
    }

    /// What an alert owes to whoever it wakes.
    fn complaints(&self, checkout: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let severity = self.label("severity");
        if !SEVERITIES.contains(&severity) {
            found.push(format!("severity {severity:?} reaches nobody in particular"));
        }
        let causes = self.label("follows").split_whitespace();
        found.extend(
            causes.filter(|cause| !CAUSES.contains(cause)).map(|cause| format!("nothing is silenced by {cause}")),
        );
        let missing = ["summary", "description", "runbook_url"].into_iter();
        found.extend(missing.filter(|text| !self.annotations.contains_key(*text)).map(|text| format!("no {text}")));
        if let Some(runbook) = self.annotations.get("runbook_url")
            && !(runbook.contains('#') && links::leads_somewhere(checkout, checkout, runbook))
        {
            found.push(format!("{runbook} is not there"));
        }
        found
    }
}

/// What the unit tests say of alerts, by name.
struct Tested {
    /// With the severities that were seen to fire.
    fired: BTreeSet<(String, String)>,
    silent: BTreeSet<String>,
}

impl Tested {
    fn read(checkout: &Path) -> Result<Self> {
        let mut tested = Self { fired: BTreeSet::new(), silent: BTreeSet::new() };
        for path in tools::files(checkout, "infra/prometheus/tests")? {
            let suite: Suite = parse(checkout, &path)?;
            for test in suite.tests.into_iter().flat_map(|case| case.alert_rule_test) {
                if test.exp_alerts.is_empty() {
                    tested.silent.insert(test.alertname);
                    continue;
                }
                let severity = |fired: Fired| fired.exp_labels.get("severity").cloned().unwrap_or_default();
                let fired = test.exp_alerts.into_iter().map(|fired| (test.alertname.clone(), severity(fired)));
                tested.fired.extend(fired);
            }
        }
        Ok(tested)
    }

    fn lacks(&self, alert: &str, severity: &str) -> Vec<String> {
        let mut found = Vec::new();
        if !self.fired.contains(&(alert.to_owned(), severity.to_owned())) {
            found.push(format!("no unit test fires it as {severity}"));
        }
        if !self.silent.contains(alert) {
            found.push("no unit test sees it silent".to_owned());
        }
        found
    }
}
