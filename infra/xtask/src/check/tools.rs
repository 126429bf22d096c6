//! Checks that a program of its own does: the author's tool for content, cfn-lint for AWS templates, promtool for alert
//! rules, amtool for who hears of them, cargo-deny for dependencies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use testkit::{
    python,
    services::{amtool, promtool},
};

/// Events, choices, eras and texts, as the author's tool judges them.
pub(super) fn content(checkout: &Path) -> Result<Vec<String>> {
    let life = crate::cargo::build(checkout, "life", &["engine/author"])?;
    findings(Command::new(life).arg("lint").current_dir(checkout))
}

/// The root template and the domains', as CloudFormation would take them after SAM.
pub(super) fn templates(checkout: &Path) -> Result<Vec<String>> {
    let environment = python::environment(checkout, "lint")?;
    let mut lint = Command::new(environment.join("bin/cfn-lint"));
    lint.current_dir(checkout).args(["--format", "parseable", "--"]).arg("template.yaml");
    let templates = files(checkout, "infra/aws")?;
    findings(lint.args(templates.iter().filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))))
}

/// That the tables of costs are what the model says.
pub(super) fn costs(checkout: &Path) -> Result<Vec<String>> {
    findings(Command::new("python3").current_dir(checkout).args(["infra/aws/cost-model.py", "--check"]))
}

/// Alert rules: that each reads, and that each fires and keeps silent as its unit tests say; and the configurations that
/// name them.
pub(super) fn rules(checkout: &Path) -> Result<Vec<String>> {
    let promtool = promtool()?;
    let mut configurations = Command::new(&promtool);
    configurations.current_dir(checkout).args(["check", "config"]);
    configurations.args(["infra/prometheus/prometheus.yml", "infra/prometheus/prometheus.local.yml"]);
    let judge = |folder: &str, verb: &str| {
        let mut judge = Command::new(&promtool);
        judge.current_dir(checkout).args([verb, "rules"]).args(files(checkout, folder)?);
        findings(&mut judge)
    };
    let judged = [judge("infra/prometheus/rules", "check")?, judge("infra/prometheus/tests", "test")?];
    Ok([findings(&mut configurations)?, judged.concat()].concat())
}

/// Who must hear of what: labels of an alert, and the receivers in order.
const HEARD_BY: [(&[&str], &str); 4] = [
    (&["alertname=PostgresDown", "severity=critical"], "pager,chat"),
    (&["alertname=SlowResponse", "severity=warning"], "chat"),
    (&["alertname=TrafficDrop", "severity=info"], "chat-quiet"),
    // Nobody's mistake may make an alert go unheard.
    (&["alertname=Unheard", "severity=criticl"], "chat"),
];

/// Alertmanager's configuration and templates, and whom each severity reaches.
pub(super) fn routes(checkout: &Path) -> Result<Vec<String>> {
    const CONFIGURATION: &str = "infra/alertmanager/alertmanager.yml";
    let amtool = amtool()?;
    let mut found = findings(Command::new(&amtool).current_dir(checkout).args(["check-config", CONFIGURATION]))?;
    for (labels, receivers) in HEARD_BY {
        let mut test = Command::new(&amtool);
        test.current_dir(checkout).args(["config", "routes", "test"]);
        test.arg(format!("--config.file={CONFIGURATION}")).arg(format!("--verify.receivers={receivers}"));
        // It warns of every use of --config.file.
        let output = test.args(labels).stdin(Stdio::null()).output().context("cannot run amtool")?;
        if !output.status.success() {
            let heard = String::from_utf8_lossy(&output.stdout);
            found.push(format!(
                "{} is heard by {}, not by {receivers}",
                labels.join(" "),
                heard.lines().next().unwrap_or_default()
            ));
        }
    }
    Ok(found)
}

/// The files of a folder by name, as seen from the checkout.
pub(super) fn files(checkout: &Path, folder: &str) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> = fs::read_dir(checkout.join(folder))?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    Ok(files.iter().map(|file| Path::new(folder).join(file.file_name())).collect())
}

/// Licences, banned crates and sources of everything that is compiled in, by `deny.toml`.
pub(super) fn dependencies(checkout: &Path) -> Result<Vec<String>> {
    let environment = python::environment(checkout, "lint")?;
    let mut deny = Command::new(environment.join("bin/cargo-deny"));
    deny.current_dir(checkout).args(["--log-level", "error", "--color", "never", "--locked"]);
    findings(deny.args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))
}

/// What a linter printed, if it was not content.
pub(super) fn findings(lint: &mut Command) -> Result<Vec<String>> {
    let program = Path::new(lint.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = lint.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {program}"))?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let mut findings: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    findings.push(format!("{program}: {}", output.status));
    Ok(findings)
}
