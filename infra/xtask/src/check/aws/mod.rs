//! The AWS templates after SAM: what CloudFormation would really make, held against the route table, the job table and the
//! settings that the code reads.
//!
//! The generator is not believed here: SAM adds roles, versions, aliases and deployment groups of its own.

mod functions;
mod policies;
#[cfg(test)]
mod script;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;
use testkit::python;

use super::tools::{files, findings};

/// How many resources one stack may hold. CloudFormation's limit is 500; the rest is room to grow into.
const RESOURCES_PER_STACK: usize = 400;

/// Templates after SAM, by path.
type Templates = BTreeMap<String, Value>;

/// Everything in the templates that is too much, too little, or not what the tables say; and what shellcheck says of the
/// script that deploys them.
pub(super) fn check(checkout: &Path) -> Result<Vec<String>> {
    let environment = python::environment(checkout, "aws")?;
    let templates = transformed(checkout, &environment.join("bin/python"))?;
    let gateway = crate::cargo::build(checkout, "gateway", &[])?;
    let expected = functions::Expected {
        routes: table(&gateway, "routes")?,
        jobs: table(&gateway, "jobs")?,
        variables: table(&gateway, "variables")?,
    };
    let mut found = too_large(&templates);
    found.extend(functions::check(&templates, &expected));
    found.extend(policies::check(checkout, &environment.join("bin/python"), &templates)?);
    let mut shellcheck = Command::new(environment.join("bin/shellcheck"));
    found.extend(findings(shellcheck.current_dir(checkout).args(["--format", "gcc", "infra/deploy/aws.sh"]))?);
    Ok(found)
}

/// Stacks that would not grow much further.
fn too_large(templates: &Templates) -> Vec<String> {
    let counts = templates.iter().map(|(path, template)| (path, resources(template).count()));
    counts
        .filter(|(_, count)| *count > RESOURCES_PER_STACK)
        .map(|(path, count)| format!("{path}: {count} resources after SAM, more than {RESOURCES_PER_STACK}"))
        .collect()
}

/// A template's resources by their logical names.
fn resources(template: &Value) -> impl Iterator<Item = (&str, &Value)> {
    template["Resources"].as_object().into_iter().flatten().map(|(name, resource)| (name.as_str(), resource))
}

fn transformed(checkout: &Path, python: &Path) -> Result<Templates> {
    let mut transform = Command::new(python);
    transform.current_dir(checkout).arg("infra/pytools/sam_transform.py").arg("template.yaml");
    let templates = files(checkout, "infra/aws")?;
    transform.args(templates.iter().filter(|path| path.extension().is_some_and(|kind| kind == "yaml")));
    let output = transform.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "SAM does not take the templates");
    serde_json::from_slice(&output.stdout).context("sam_transform.py printed something unexpected")
}

fn table<T: DeserializeOwned>(gateway: &Path, name: &str) -> Result<T> {
    let output = Command::new(gateway).arg(name).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "`gateway {name}` failed");
    serde_json::from_slice(&output.stdout).with_context(|| format!("`gateway {name}` printed something unexpected"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn a_stack_is_counted_after_sam() {
        let stack = |count: usize| {
            let resources: Map<_, _> = (0..count).map(|number| (format!("R{number}"), json!({}))).collect();
            Templates::from([("a.yaml".to_owned(), json!({ "Resources": resources }))])
        };
        assert_eq!(too_large(&stack(RESOURCES_PER_STACK)), Vec::<String>::new());
        assert!(too_large(&stack(RESOURCES_PER_STACK + 1))[0].contains("401 resources"));
    }
}
