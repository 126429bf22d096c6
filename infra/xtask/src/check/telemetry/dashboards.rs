//! The dashboards of `infra/grafana/dashboards`. Grafana cannot be run here; what it would stumble over is looked for, and every
//! query is read by promtool.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::services::promtool;

use super::unknown;
use crate::check::{links, tools};

const FOLDER: &str = "infra/grafana/dashboards";
/// As `infra/grafana/provisioning/datasources` names it.
const DATASOURCE: &str = "prometheus";
/// Of Grafana 10.0; older schemas are migrated as they are opened, newer ones are not opened by older Grafanas.
const SCHEMA: u64 = 38;
/// What Grafana itself fills in, and an example of it.
const INTERVALS: [(&str, &str); 3] = [("$__rate_interval", "1m"), ("$__interval", "1m"), ("$__range", "6h")];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dashboard {
    uid: String,
    title: String,
    schema_version: u64,
    templating: Templating,
    panels: Vec<Panel>,
}

#[derive(Deserialize)]
struct Templating {
    list: Vec<Variable>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    /// `label_values(<series>, <label>)`, unless it is typed in.
    #[serde(default)]
    definition: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Panel {
    id: u64,
    title: String,
    datasource: Datasource,
    field_config: FieldConfig,
    targets: Vec<Target>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Datasource {
    uid: String,
}

#[derive(Deserialize)]
struct FieldConfig {
    defaults: Defaults,
}

#[derive(Deserialize)]
struct Defaults {
    unit: String,
    thresholds: Thresholds,
}

#[derive(Deserialize)]
struct Thresholds {
    steps: Vec<Value>,
}

#[derive(Deserialize)]
struct Target {
    expr: String,
}

#[derive(Deserialize)]
struct Link {
    url: String,
}

/// What is wrong with any of them.
pub(super) fn check(checkout: &Path, names: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut uids = BTreeSet::new();
    let mut groups = Vec::new();
    for path in tools::files(checkout, FOLDER)? {
        let dashboard = match read(checkout, &path) {
            Ok(dashboard) => dashboard,
            Err(error) => {
                found.push(format!("{error:#}"));
                continue;
            }
        };
        let mut complaints = dashboard.complaints(checkout, names);
        if !uids.insert(dashboard.uid.clone()) {
            complaints.push(format!("the uid {} is another's", dashboard.uid));
        }
        found.extend(complaints.into_iter().map(|complaint| format!("{}: {complaint}", path.display())));
        groups.push(dashboard.as_rules());
    }
    found.extend(are_promql(&json!({ "groups": groups }))?);
    Ok(found)
}

fn read(checkout: &Path, path: &Path) -> Result<Dashboard> {
    let text = fs::read_to_string(checkout.join(path)).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no dashboard", path.display()))
}

/// Has promtool read every query as if it were a rule.
fn are_promql(rules: &Value) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("dashboards.yaml");
    // JSON is YAML.
    fs::write(&file, serde_json::to_vec(rules)?)?;
    let output =
        Command::new(promtool()?).args(["check", "rules"]).arg(&file).output().context("cannot run promtool")?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let file = file.display().to_string();
    Ok(said.lines().filter(|line| line.contains("group")).map(|line| line.replace(&file, FOLDER)).collect())
}

impl Dashboard {
    fn complaints(&self, checkout: &Path, names: &BTreeSet<String>) -> Vec<String> {
        let mut found = Vec::new();
        if self.schema_version != SCHEMA {
            found.push(format!("schemaVersion is {}, not {SCHEMA}", self.schema_version));
        }
        let mut ids = BTreeSet::new();
        for panel in &self.panels {
            let complaints = panel.complaints(checkout, names, &self.templating);
            found.extend(complaints.into_iter().map(|complaint| format!("{}: {complaint}", panel.title)));
            if !ids.insert(panel.id) {
                found.push(format!("{}: the id {} is another's", panel.title, panel.id));
            }
        }
        for variable in &self.templating.list {
            let series = variable.definition.strip_prefix("label_values(").and_then(|text| text.rsplit_once(','));
            let unknown = series.map(|(series, _)| unknown(series, names)).unwrap_or_default();
            found.extend(unknown.iter().map(|metric| format!("${}: {metric} is not in the list", variable.name)));
        }
        found
    }

    /// Its queries as recording rules: a group a dashboard, so that a finding names it.
    fn as_rules(&self) -> Value {
        let rules: Vec<_> = self.panels.iter().flat_map(Panel::as_rules).collect();
        json!({ "name": self.title, "rules": rules })
    }
}

impl Panel {
    fn complaints(&self, checkout: &Path, names: &BTreeSet<String>, templating: &Templating) -> Vec<String> {
        let mut found = Vec::new();
        if self.datasource.uid != DATASOURCE {
            found.push(format!("nobody provisions the datasource {}", self.datasource.uid));
        }
        let defaults = &self.field_config.defaults;
        if defaults.unit.is_empty() || defaults.thresholds.steps.is_empty() {
            found.push("no unit or no thresholds".to_owned());
        }
        if self.targets.is_empty() {
            found.push("it asks nothing".to_owned());
        }
        for target in &self.targets {
            let unknown = unknown(&target.expr, names);
            found.extend(unknown.iter().map(|metric| format!("{metric} is not in the list")));
            let is_known = |name: &str| templating.list.iter().any(|variable| variable.name == name);
            let undefined = variables(&target.expr).filter(|name| !is_known(name));
            found.extend(undefined.map(|name| format!("${name} is not defined")));
        }
        let runbooks = self.links.iter().filter_map(|link| link.url.strip_prefix("$repository/"));
        found.extend(
            runbooks
                .filter(|runbook| !links::leads_somewhere(checkout, checkout, runbook))
                .map(|runbook| format!("{runbook} is not there")),
        );
        found
    }

    fn as_rules(&self) -> impl Iterator<Item = Value> {
        self.targets.iter().enumerate().map(|(number, target)| {
            let expr = INTERVALS.iter().fold(target.expr.clone(), |expr, (name, example)| expr.replace(name, example));
            json!({ "record": format!("panel:{}:{number}", self.id), "expr": expr })
        })
    }
}

/// The variables of an expression, but for Grafana's own.
fn variables(expression: &str) -> impl Iterator<Item = &str> {
    let names = expression.split('$').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest.split_at(end).0
    });
    names.filter(|name| !name.starts_with("__"))
}
