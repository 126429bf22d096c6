//! What builds and starts containers, and what does so on its own in GitHub's runners: each file as its own linter sees it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use testkit::python;
use yaml_serde::Value;

use super::tools::{files, findings};

const DOCKERFILE: &str = "infra/docker/Dockerfile";
const COMPOSE: &str = "infra/compose.yaml";
/// What the local stack falls back to.
const LOCAL_COMPOSE: &str = "shared/testkit/src/services/compose.yaml";

/// The Dockerfile and the compose file.
pub(super) fn check(checkout: &Path) -> Result<Vec<String>> {
    let bin = python::environment(checkout, "containers")?.join("bin");
    let mut found = findings(Command::new(bin.join("hadolint")).arg(DOCKERFILE).current_dir(checkout))?;
    let mut schema = Command::new(bin.join("check-jsonschema"));
    schema.args(["--builtin-schema", "vendor.compose-spec", COMPOSE, LOCAL_COMPOSE]).current_dir(checkout);
    found.extend(findings(&mut schema)?);
    found.extend(compose(checkout)?);
    Ok(found)
}

/// What a schema cannot know of the compose file: pinned images, settings that exist, no secret in the open, logs that
/// are rotated, files that are there.
fn compose(checkout: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(checkout.join(COMPOSE))?;
    let mut file: Value = yaml_serde::from_str(&text).with_context(|| format!("{COMPOSE} does not read"))?;
    file.apply_merge().with_context(|| format!("{COMPOSE} merges badly"))?;
    let known = crate::generate::variables(checkout)?;
    let mut found = Vec::new();
    for (name, service) in file["services"].as_mapping().context("no services")? {
        let name = name.as_str().unwrap_or_default();
        let image = service["image"].as_str().unwrap_or_default();
        if image.rsplit_once(':').is_none_or(|(_, tag)| tag == "latest") {
            found.push(format!("{COMPOSE}: {name} pins no version: {image}"));
        }
        if service["logging"]["options"]["max-size"].is_null() {
            found.push(format!("{COMPOSE}: the log of {name} is not rotated"));
        }
        for (variable, value) in service["environment"].as_mapping().into_iter().flatten() {
            let (variable, value) = (variable.as_str().unwrap_or_default(), value.as_str().unwrap_or_default());
            if name == "gateway" && !known.contains(variable) {
                found.push(format!("{COMPOSE}: the gateway does not read {variable}"));
            }
            let is_secret = ["PASSWORD", "_KEY", "SECRET"].iter().any(|part| variable.ends_with(part));
            if is_secret && !value.starts_with("${") {
                found.push(format!("{COMPOSE}: {variable} of {name} stands in the open"));
            }
        }
        for volume in service["volumes"].as_sequence().into_iter().flatten().filter_map(Value::as_str) {
            let from = volume.split(':').next().unwrap_or_default();
            if from.starts_with('.') && !checkout.join("infra").join(from).exists() {
                found.push(format!("{COMPOSE}: {name} mounts {from}, which is not there"));
            }
        }
    }
    Ok(found)
}

/// Workflows by their schema and by actionlint; and that each action is pinned by the hash of a commit.
pub(super) fn workflows(checkout: &Path) -> Result<Vec<String>> {
    let files = files(checkout, ".github/workflows")?;
    let bin = python::environment(checkout, "containers")?.join("bin");
    let mut schema = Command::new(bin.join("check-jsonschema"));
    schema.args(["--builtin-schema", "vendor.github-workflows"]).args(&files).current_dir(checkout);
    let mut found = findings(&mut schema)?;
    found.extend(super::manifests::node_lint(checkout, "workflows.mjs", &files)?);
    for file in &files {
        for (number, line) in fs::read_to_string(checkout.join(file))?.lines().enumerate() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            let hash = action.split_once('@').and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_default();
            let is_pinned = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_pinned && !action.starts_with("./") {
                found.push(format!("{}:{}: {action} is not pinned by a commit", file.display(), number + 1));
            }
        }
    }
    Ok(found)
}

/// Every shell script.
pub(super) fn scripts(checkout: &Path) -> Result<Vec<String>> {
    let bin = python::environment(checkout, "containers")?.join("bin");
    let mut scripts: BTreeSet<PathBuf> = BTreeSet::from([PathBuf::from(".ci/run")]);
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard", "*.sh"]).current_dir(checkout);
    let output = list.output().context("cannot run git")?;
    scripts.extend(String::from_utf8(output.stdout)?.lines().map(PathBuf::from));
    findings(Command::new(bin.join("shellcheck")).args(["--format", "gcc", "--"]).args(scripts).current_dir(checkout))
}
