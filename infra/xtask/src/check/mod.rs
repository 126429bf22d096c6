//! `cargo xtask check`: what a compiler does not see. Every check runs, and every finding is shown, before it fails.

mod aws;
mod containers;
#[cfg(test)]
mod k8s_script;
mod links;
mod manifests;
mod questions;
pub(crate) mod telemetry;
mod tools;

use std::path::Path;

use anyhow::{Result, ensure};

/// Says what it found, a line each. An error means that the check itself could not be done.
type Check = fn(&Path) -> Result<Vec<String>>;

const CHECKS: [(&str, Check); 15] = [
    ("files made from the route table", generated),
    ("content", tools::content),
    ("AWS templates", tools::templates),
    ("AWS templates after SAM, and their script", aws::check),
    ("what AWS costs", tools::costs),
    ("Prometheus rules", tools::rules),
    ("Alertmanager's routes", tools::routes),
    ("metrics, alerts and dashboards", telemetry::check),
    ("questions to the log", questions::check),
    ("Kubernetes manifests", manifests::check),
    ("Dockerfile and compose", containers::check),
    ("GitHub workflows", containers::workflows),
    ("shell scripts", containers::scripts),
    ("dependencies", tools::dependencies),
    ("links in Markdown", links::check),
];

/// Runs all checks.
#[expect(clippy::print_stdout, reason = "its findings are its output")]
pub(crate) fn run(checkout: &Path) -> Result<()> {
    let mut findings = 0;
    for (name, check) in CHECKS {
        let found = check(checkout)?;
        println!("{name}: {}", if found.is_empty() { "ok" } else { "FAILED" });
        for finding in &found {
            println!("  {finding}");
        }
        findings += found.len();
    }
    println!("checks={} findings={findings}", CHECKS.len());
    ensure!(findings == 0, "the checkout does not pass its own checks");
    Ok(())
}

fn generated(checkout: &Path) -> Result<Vec<String>> {
    Ok(crate::generate::stale(checkout)?.iter().map(ToString::to_string).collect())
}
