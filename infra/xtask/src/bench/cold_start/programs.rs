//! Which functions there are, by cargo's own account, and where their release builds lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Program;

/// In a program that can speak to DynamoDB: the SDK's name of the service.
const AWS_SDK: &[u8] = b"DynamoDB_20120810";

/// Where the text of a life's first event is: a program that holds its title holds the game's content.
const FIRST_EVENT: &str = "shared/engine/content/text/zh-CN/birth.toml";

/// The function that does nothing.
pub(super) fn empty(checkout: &Path) -> Result<Program> {
    let manifest = checkout.join("infra/bench/empty/Cargo.toml");
    let built = build(&["--release", "--locked", "--manifest-path", &manifest.to_string_lossy()])?;
    let (name, path) = built.into_iter().next().context("the empty function was not built")?;
    Ok(Program { name, path, is_job: false, is_large: false })
}

/// The functions of the workspace of these names, or all.
pub(in crate::bench) fn functions(checkout: &Path, profile: &str, names: &[String]) -> Result<Vec<Program>> {
    let (packages, wanted) = bins(checkout, names)?;
    let manifest = checkout.join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let mut arguments = vec!["--profile", profile, "--locked", "--manifest-path", &manifest];
    arguments.extend(packages.iter().flat_map(|package| ["--package", package.as_str()]));
    arguments.extend(wanted.iter().flat_map(|name| ["--bin", name.as_str()]));
    let built = build(&arguments)?;
    let first_event = fs::read_to_string(checkout.join(FIRST_EVENT))?;
    let title = first_event.lines().find_map(|line| line.strip_prefix("title = \"")?.strip_suffix('"'));
    let title = title.context("the first event has no title")?.as_bytes();
    let program = |(name, path): (String, PathBuf)| {
        let bytes = fs::read(&path)?;
        let holds = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
        anyhow::Ok(Program { is_job: name.starts_with("job-"), is_large: holds(AWS_SDK) || holds(title), name, path })
    };
    built.into_iter().map(program).collect()
}

/// Packages and names of the functions: the binaries under `functions/`, but for the gateway's.
fn bins(checkout: &Path, names: &[String]) -> Result<(Vec<String>, Vec<String>)> {
    let mut cargo = testkit::cargo::command();
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(checkout.join("Cargo.toml"));
    let output = cargo.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "cargo metadata failed");
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let (mut packages, mut bins) = (Vec::new(), Vec::new());
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let is_of_functions = package["manifest_path"].as_str().is_some_and(|path| path.contains("/functions/"));
        if !is_of_functions || name == "gateway" {
            continue;
        }
        let targets = package["targets"].as_array().into_iter().flatten();
        let of_package =
            targets.filter(|target| target["kind"][0] == "bin").filter_map(|target| target["name"].as_str());
        let found: Vec<_> = of_package.filter(|bin| names.is_empty() || names.iter().any(|name| name == bin)).collect();
        if !found.is_empty() {
            packages.push(name.to_owned());
            bins.extend(found.into_iter().map(str::to_owned));
        }
    }
    Ok((packages, bins))
}

/// Builds programs; name and path of each.
fn build(arguments: &[&str]) -> Result<Vec<(String, PathBuf)>> {
    let mut cargo = testkit::cargo::command();
    cargo.args(["build", "--message-format", "json-render-diagnostics"]).args(arguments);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo build {} failed", arguments.join(" "));
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let messages = messages.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let program = |message: Value| {
        let path = message["executable"].as_str().map(PathBuf::from)?;
        Some((message["target"]["name"].as_str()?.to_owned(), path))
    };
    Ok(messages.filter_map(program).collect())
}
