//! Checks that a program of its own does: the author's tool for content, cfn-lint for AWS templates, cargo-deny for
//! dependencies.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use testkit::python;

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
    let mut domains: Vec<_> = fs::read_dir(checkout.join("infra/aws"))?.collect::<Result<_, _>>()?;
    domains.sort_by_key(fs::DirEntry::file_name);
    lint.args(domains.iter().map(|domain| Path::new("infra/aws").join(domain.file_name())));
    findings(&mut lint)
}

/// Licences, banned crates and sources of everything that is compiled in, by `deny.toml`.
pub(super) fn dependencies(checkout: &Path) -> Result<Vec<String>> {
    let environment = python::environment(checkout, "lint")?;
    let mut deny = Command::new(environment.join("bin/cargo-deny"));
    deny.current_dir(checkout).args(["--log-level", "error", "--color", "never", "--locked"]);
    findings(deny.args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))
}

/// What a linter printed, if it was not content.
fn findings(lint: &mut Command) -> Result<Vec<String>> {
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
