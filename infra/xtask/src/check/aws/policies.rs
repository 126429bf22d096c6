//! Every policy that is written out in the templates, as parliament judges it, and that none gives everything.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Templates, resources};

pub(super) fn check(checkout: &Path, python: &Path, templates: &Templates) -> Result<Vec<String>> {
    let policies = policies(templates);
    ensure!(!policies.is_empty(), "the templates have no policy at all");
    let mut lint = Command::new(python);
    let mut lint = lint.current_dir(checkout).arg("infra/pytools/policy_lint.py");
    lint = lint.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut lint = lint.spawn()?;
    let mut input = lint.stdin.take().expect("it is piped");
    input.write_all(&serde_json::to_vec(&policies)?)?;
    drop(input);
    let output = lint.wait_with_output()?;
    ensure!(output.status.success(), "policy_lint.py failed");
    let mut found: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    found.extend(
        policies.iter().filter(|(_, policy)| gives_all(policy)).map(|(name, _)| format!("{name} gives everything")),
    );
    Ok(found)
}

/// The policies of roles by where they are, with real ARNs in place of references.
fn policies(templates: &Templates) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, template) in templates {
        for (name, resource) in resources(template).filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role") {
            for (number, policy) in resource["Properties"]["Policies"].as_array().into_iter().flatten().enumerate() {
                let mut document = resolved(&policy["PolicyDocument"], template);
                // SAM leaves it out of the policies that it writes itself, which use nothing that is newer than the oldest.
                if document["Version"].is_null() {
                    document["Version"] = "2012-10-17".into();
                }
                found.insert(format!("{path}: {name} {number}"), document);
            }
        }
    }
    found
}

/// Whether a statement allows any action of a service, or an action on whatever there is.
fn gives_all(policy: &Value) -> bool {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let texts = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        value => vec![value.clone()],
    };
    statements.filter(|statement| statement["Effect"] == "Allow").any(|statement| {
        texts(&statement["Action"]).iter().any(|action| action.as_str().is_none_or(|text| text.ends_with('*')))
            || texts(&statement["Resource"]).iter().any(|resource| resource.as_str().is_none_or(|text| text == "*"))
    })
}

/// The document with every reference replaced by what it could be.
fn resolved(value: &Value, template: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(|value| resolved(value, template)).collect(),
        Value::Object(map) => {
            if let Some(text) = map.get("Fn::Sub").and_then(Value::as_str) {
                return substituted(text).into();
            }
            let attribute = map.get("Fn::GetAtt").map(|parts| match parts {
                Value::Array(parts) => parts[0].as_str().unwrap_or_default(),
                parts => parts.as_str().unwrap_or_default().split('.').next().unwrap_or_default(),
            });
            let reference = map.get("Ref").and_then(Value::as_str);
            if let Some(name) = attribute.or(reference) {
                return arn(&template["Resources"][name]["Type"]).into();
            }
            map.iter()
                .map(|(key, value)| (key.clone(), resolved(value, template)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        value => value.clone(),
    }
}

fn substituted(text: &str) -> String {
    let pseudo = [("AWS::Partition", "aws"), ("AWS::Region", "eu-central-1"), ("AWS::AccountId", "123456789012")];
    let text = pseudo.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
    let mut parts = text.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| whole + "name" + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// An ARN of this type of resource.
fn arn(kind: &Value) -> String {
    let resource = match kind.as_str() {
        Some("AWS::SQS::Queue") => "sqs:eu-central-1:123456789012:name",
        Some("AWS::SecretsManager::Secret") => "secretsmanager:eu-central-1:123456789012:secret:name-abcdef",
        _ => return format!("no ARN is known of {kind}"),
    };
    format!("arn:aws:{resource}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_become_arns() {
        let template = json!({ "Resources": { "Dead": { "Type": "AWS::SQS::Queue" } } });
        let document = json!({ "Statement": [
            { "Resource": { "Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table}" } },
            { "Resource": { "Fn::GetAtt": ["Dead", "Arn"] } },
        ] });
        let expected = json!({ "Statement": [
            { "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/name" },
            { "Resource": "arn:aws:sqs:eu-central-1:123456789012:name" },
        ] });
        assert_eq!(resolved(&document, &template), expected);
    }

    #[test]
    fn a_policy_that_gives_everything_is_found() {
        let rows = [
            ("dynamodb:GetItem", "arn:aws:dynamodb:eu-central-1:123456789012:table/name", false),
            ("dynamodb:*", "arn:aws:dynamodb:eu-central-1:123456789012:table/name", true),
            ("dynamodb:GetItem", "*", true),
        ];
        for (action, resource, expected) in rows {
            let policy = json!({ "Statement": [{ "Effect": "Allow", "Action": [action], "Resource": resource }] });
            assert_eq!(gives_all(&policy), expected, "{action} on {resource}");
        }
    }
}
