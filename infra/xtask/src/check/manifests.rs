//! The Kubernetes manifests as a cluster would get them: every variant renders, every object is what its kind's schema
//! says, and together they mean what the tables say.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize as _;
use testkit::{node, python};
use yaml_serde::Value;

use super::tools::findings;
use crate::generate::k8s::verify;

/// Folders that render besides each of `k8s/overlays`.
const FOLDERS: [&str; 4] = ["k8s", "k8s/base", "k8s/plain", "k8s/knative"];

/// The oldest Kubernetes that is supported.
const OLDEST: &str = "1.30";

/// Groups whose kinds Kubernetes itself does not know.
const CUSTOM: [&str; 3] = ["gateway.networking.k8s.io/", "serving.knative.dev/", "monitoring.coreos.com/"];

/// All of it.
pub(super) fn check(checkout: &Path) -> Result<Vec<String>> {
    let kubectl = node::kubectl(checkout)?;
    let mut folders: Vec<_> = FOLDERS.map(str::to_owned).to_vec();
    for overlay in super::tools::files(checkout, "k8s/overlays")? {
        folders.push(overlay.to_string_lossy().into_owned());
    }
    let mut variants = BTreeMap::new();
    for folder in folders {
        let rendered = Command::new(&kubectl).arg("kustomize").arg(&folder).current_dir(checkout).output()?;
        if !rendered.status.success() {
            return Ok(vec![format!("{folder} does not render: {}", String::from_utf8_lossy(&rendered.stderr).trim())]);
        }
        let text = String::from_utf8(rendered.stdout)?;
        let objects: Result<Vec<_>, _> = yaml_serde::Deserializer::from_str(&text).map(Value::deserialize).collect();
        variants.insert(folder.clone(), objects.with_context(|| format!("{folder} renders to something odd"))?);
    }
    let mut found = core(checkout, &variants)?;
    found.extend(custom(checkout, &variants)?);
    found.extend(verify::findings(checkout, &variants)?);
    Ok(found)
}

fn is_custom(object: &Value) -> bool {
    CUSTOM.iter().any(|group| object["apiVersion"].as_str().is_some_and(|version| version.starts_with(group)))
}

/// Kubernetes's own kinds; fields that it does not know are faults.
fn core(checkout: &Path, variants: &BTreeMap<String, Vec<Value>>) -> Result<Vec<String>> {
    let environment = python::environment(checkout, "containers")?;
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    for (variant, objects) in variants {
        // As JSON, which is YAML of any version: to this judge `no` would be false.
        let texts: Result<Vec<_>, _> =
            objects.iter().filter(|object| !is_custom(object)).map(serde_json::to_string).collect();
        let file = folder.path().join(format!("{}.yaml", variant.replace('/', "-")));
        fs::write(&file, texts?.join("\n---\n"))?;
        files.push(file);
    }
    let mut judge = Command::new(environment.join("bin/kubernetes-validate"));
    judge.args(["--kubernetes-version", OLDEST, "--strict", "--quiet"]).args(files);
    // What it has to say is on standard error.
    let output = judge.stdin(Stdio::null()).output().context("cannot run kubernetes-validate")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Ok(if output.status.success() { Vec::new() } else { said.lines().map(str::to_owned).collect() })
}

/// Knative's kinds, the Gateway API's and the Prometheus operator's.
fn custom(checkout: &Path, variants: &BTreeMap<String, Vec<Value>>) -> Result<Vec<String>> {
    let environment = node::environment(checkout, "lint")?;
    let objects = variants.iter().flat_map(|(variant, objects)| {
        objects
            .iter()
            .filter(|object| is_custom(object))
            .map(move |object| serde_json::json!({"variant": variant, "object": object}))
    });
    let objects: Vec<_> = objects.collect();
    ensure!(!objects.is_empty(), "no variant has an object of a custom kind");
    let mut judge = Command::new("node");
    judge.arg(environment.join("manifests.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = judge.spawn().context("cannot run node")?;
    child.stdin.take().context("node has no input")?.write_all(serde_json::to_string(&objects)?.as_bytes())?;
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let said: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    ensure!(!said.is_empty(), "the judge of custom kinds failed: {}", output.status);
    Ok(said)
}

/// A linter of Node's, with files as its arguments.
pub(super) fn node_lint(checkout: &Path, script: &str, files: &[std::path::PathBuf]) -> Result<Vec<String>> {
    let environment = node::environment(checkout, "lint")?;
    findings(Command::new("node").arg(environment.join(script)).args(files).current_dir(checkout))
}
