//! The AWS templates: one nested application per domain, one for the jobs, and their list in the root template.
//!
//! The texts are templates beside this file, YAML with `@words@` to fill in, so that they read as what they become.

mod cron;
mod jobs;

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, Result};

use super::gateway::Job;
use super::routes::{self, Route, Secret, SessionAccess, pascal_case};
use super::tree::Tree;
use super::{read, region};

/// The root template, written by hand but for its list of domains.
const ROOT: &str = "template.yaml";

/// The region of the root template that holds the list.
const REGION: &str = "domains";

/// What stands beside the generated templates and is written by hand.
const BY_HAND: [&str; 4] = ["data", "edge", "monitoring", "network"];

/// Seconds a function has beyond its route's own limit, so that a slow request ends in our 503 and not in a killed
/// environment without an answer.
const GRACE_S: u32 = 2;

pub(super) fn plan(checkout: &Path, routes: &[Route], jobs: &[Job], tree: &mut Tree) -> Result<()> {
    let deployed: Vec<_> = routes.iter().filter(|route| route.is_on_lambda()).cloned().collect();
    let domains = routes::by_domain(&deployed);
    tree.own("infra/aws", "yaml");
    for name in BY_HAND {
        tree.leave(format!("infra/aws/{name}.yaml"));
    }
    for (domain, routes) in &domains {
        tree.file(format!("infra/aws/{domain}.yaml"), template(domain, routes));
    }
    tree.file("infra/aws/jobs.yaml", jobs::template(jobs)?);
    let list: String = domains.iter().map(|(domain, routes)| application(domain, routes)).collect();
    let list = format!("{list}{}", jobs::application(jobs));
    tree.file(ROOT, region::replace(&read(checkout, ROOT)?, REGION, &list).context(ROOT)?);
    Ok(())
}

/// A domain's template.
fn template(domain: &str, routes: &[&Route]) -> String {
    let secrets = secrets(routes);
    let parameters: String = secrets.iter().map(|secret| secret.parameters()).collect();
    let conditions: String = secrets.iter().map(|secret| secret.conditions()).collect();
    let functions: Vec<_> = routes.iter().map(|route| function(route)).collect();
    let functions = functions.join("\n");
    fill(
        include_str!("domain.yaml"),
        &[
            ("domain", domain),
            ("shared\n", include_str!("parameters.yaml")),
            ("parameters\n", &format!("{parameters}\n")),
            ("conditions\n", &format!("{conditions}\n")),
            ("globals\n", &fill(include_str!("globals.yaml"), &[("network\n", include_str!("network.yaml"))])),
            ("functions\n", &functions),
        ],
    )
}

/// A route's function, what connects it to the API, and what watches it.
fn function(route: &Route) -> String {
    let secrets = secrets(&[route]);
    let variable = match secrets.iter().map(|secret| secret.variables()).collect::<String>() {
        none if none.is_empty() => none,
        lines => format!("      Environment:\n        Variables:\n{lines}"),
    };
    let timeout_s = route.timeout_s + GRACE_S;
    let bound = if secrets.contains(&Secret::SigningKey) { BOUND } else { "" };
    let (method, resource) =
        if route.is_fallback() { ("$default", "$default") } else { (&*route.method, &*route.path) };
    fill(
        include_str!("function.yaml"),
        &[
            ("Id", &route.logical_id()),
            ("id", &route.id),
            ("key", &route.key()),
            ("method", method),
            ("resource", resource),
            ("summary", &description(&route.summary)),
            ("memory", &route.memory_mb.to_string()),
            ("timeout", &timeout_s.to_string()),
            ("near", &(timeout_s * 800).to_string()),
            ("bound", bound),
            ("variable", &variable),
            ("policy", &policy(&sessions_statement(route.sessions))),
        ],
    )
}

/// How many of a function that hashes passwords run at once.
const BOUND: &str = "      ReservedConcurrentExecutions: !If [HasBound, !Ref SigningConcurrency, !Ref AWS::NoValue]\n";

/// A function's description for `!Sub`. It names the revision of the secrets: what is resolved at deployment is
/// resolved again only where something else has changed.
fn description(summary: &str) -> String {
    quoted(&format!("{} · secrets ${{SecretsRevision}}", summary.replace("${", "${!")))
}

/// What a function may do, beyond what every function may.
fn policy(statements: &str) -> String {
    if statements.is_empty() {
        return String::new();
    }
    fill(include_str!("policy.yaml"), &[("statements\n", statements)])
}

/// What a function may do in the table of sessions; nothing where it has no business there.
fn sessions_statement(access: SessionAccess) -> String {
    let actions: &[&str] = match access {
        SessionAccess::None => return String::new(),
        SessionAccess::Get => &["GetItem"],
        SessionAccess::List => &["GetItem", "Query"],
        SessionAccess::Write => &["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"],
    };
    let actions: Vec<_> = actions.iter().map(|action| format!("dynamodb:{action}")).collect();
    fill(include_str!("sessions_policy.yaml"), &[("actions", &actions.join(", "))])
}

/// A domain's place in the root template.
fn application(domain: &str, routes: &[&Route]) -> String {
    let parameters: String = secrets(routes).iter().map(|secret| secret.passed_on()).collect();
    fill(
        include_str!("application.yaml"),
        &[
            ("Domain", &pascal_case(domain)),
            ("domain", domain),
            ("shared\n", include_str!("passed_on.yaml")),
            ("parameters\n", &parameters),
        ],
    )
}

/// The secrets of any of these routes, each once.
fn secrets(routes: &[&Route]) -> BTreeSet<Secret> {
    routes.iter().flat_map(|route| &route.secrets).copied().collect()
}

impl Secret {
    /// A domain's parameters for it.
    fn parameters(self) -> &'static str {
        match self {
            Self::SigningKey => include_str!("secrets/signing_key_parameters.yaml"),
            Self::Mail => include_str!("secrets/mail_parameters.yaml"),
            Self::OauthProviders => include_str!("secrets/oauth_providers_parameters.yaml"),
            Self::WebhookKey => include_str!("secrets/webhook_key_parameters.yaml"),
        }
    }

    /// A domain's conditions about it.
    fn conditions(self) -> &'static str {
        match self {
            Self::SigningKey => "  HasBound: !Not [!Equals [!Ref SigningConcurrency, 0]]\n",
            Self::Mail => "  HasMail: !Not [!Equals [!Ref MailUrlSecretArn, \"\"]]\n",
            Self::OauthProviders => "  HasOauth: !Not [!Equals [!Ref OauthProvidersSecretArn, \"\"]]\n",
            Self::WebhookKey => "  HasWebhook: !Not [!Equals [!Ref OutboxWebhookUrl, \"\"]]\n",
        }
    }

    /// A function's variables of it.
    fn variables(self) -> &'static str {
        match self {
            Self::SigningKey => include_str!("secrets/signing_key_variables.yaml"),
            Self::Mail => include_str!("secrets/mail_variables.yaml"),
            Self::OauthProviders => include_str!("secrets/oauth_providers_variables.yaml"),
            Self::WebhookKey => include_str!("secrets/webhook_key_variables.yaml"),
        }
    }

    /// What the root gives a domain for it.
    fn passed_on(self) -> &'static str {
        match self {
            Self::SigningKey => {
                "        AuthSigningKeySecretArn: !Ref AuthSigningKeySecretArn\n        SigningConcurrency: !Ref SigningConcurrency\n"
            }
            Self::Mail => "        MailUrlSecretArn: !Ref MailUrlSecretArn\n        MailFrom: !Ref MailFrom\n",
            Self::OauthProviders => "        OauthProvidersSecretArn: !Ref OauthProvidersSecretArn\n",
            Self::WebhookKey => "        OutboxWebhookKeySecretArn: !Ref OutboxWebhookKeySecretArn\n",
        }
    }
}

/// A YAML scalar that means exactly this text: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The template with each `@word@` filled in. A word given as `word\n` is a line of its own and gives its line up.
fn fill(template: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(template.to_owned(), |text, (word, value)| match word.strip_suffix('\n') {
        Some(line) => text.replace(&format!("@{line}@\n"), value),
        None => text.replace(&format!("@{word}@"), value),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::route;
    use super::*;

    #[test]
    fn a_template_is_filled_in_completely() {
        let (login, get) = (route("auth-login", "auth", "POST /login"), route("auth-profile-get", "auth", "GET /me"));
        let template = template("auth", &[&login, &get]);
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let parts: Vec<_> = template.split('@').collect();
        // Between two of them: the text before the first and after the last is nobody's word.
        let left: Vec<_> = parts.iter().skip(1).rev().skip(1).filter(|part| is_word(part)).collect();
        assert!(left.is_empty(), "{left:?} in {template}");
        for resource in ["AuthLogin:", "AuthLoginLogs:", "AuthLoginRoute:", "AuthLoginFailing:", "AuthProfileGet:"] {
            assert_eq!(template.matches(&format!("\n  {resource}\n")).count(), 1, "{resource}");
        }
        assert!(template.contains("\n      RouteKey: GET /me\n"));
        assert!(template.contains("Value: GET }, { Name: Resource, Value: \"/me\" }"));
    }

    #[test]
    fn only_who_hashes_passwords_is_bounded() {
        let (login, get) = (route("auth-login", "auth", "POST /login"), route("auth-profile-get", "auth", "GET /me"));
        assert!(function(&login).contains(BOUND));
        assert!(!function(&get).contains("Concurren"));
    }

    #[test]
    fn a_description_is_itself_after_substitution() {
        assert_eq!(description("What ${it} \"does\""), r#""What ${!it} \"does\" · secrets ${SecretsRevision}""#);
    }

    #[test]
    fn a_function_may_do_with_sessions_what_its_route_declares() {
        let rows = [
            ("none", None),
            ("get", Some("[dynamodb:GetItem]")),
            ("list", Some("[dynamodb:GetItem, dynamodb:Query]")),
            (
                "write",
                Some(
                    "[dynamodb:GetItem, dynamodb:Query, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem, \
                     dynamodb:BatchWriteItem]",
                ),
            ),
        ];
        for (access, actions) in rows {
            let mut route = route("auth-profile-get", "auth", "GET /me");
            route.sessions = serde_json::from_value(access.into()).unwrap();
            let text = function(&route);
            let granted =
                text.lines().find_map(|line| line.trim().strip_prefix("Action: ").filter(|_| !line.contains("lambda")));
            assert_eq!(granted, actions, "{access}");
            assert_eq!(text.contains(":table/${SessionsTable}"), actions.is_some());
        }
    }

    #[test]
    fn the_table_is_keyed_as_the_code_expects() {
        let root = include_str!("../../../../../template.yaml");
        let table =
            root.split("\n  SessionsTable:\n").nth(1).and_then(|rest| rest.split("\n  # generated:begin").next());
        let table = table.expect("a table before the list of domains");
        for line in [
            "- { AttributeName: user_id, KeyType: HASH }",
            "- { AttributeName: session_id, KeyType: RANGE }",
            "TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }",
        ] {
            assert!(table.contains(line), "{line}");
        }
    }

    #[test]
    fn a_secret_is_given_to_what_asks_for_it_only() {
        let (login, get) = (route("auth-login", "auth", "POST /login"), route("auth-profile-get", "auth", "GET /me"));
        let send = route("auth-send-verification-code", "auth", "POST /send");
        let given = [
            ("AUTH_SIGNING_KEY: !Sub", "AuthSigningKeySecretArn", [true, true, false]),
            ("MAIL_URL: !If", "MailUrlSecretArn", [false, true, false]),
            ("OAUTH_PROVIDERS: !If", "OauthProvidersSecretArn", [true, false, false]),
        ];
        for (variable, parameter, expected) in given {
            for (route, expected) in [&login, &send, &get].into_iter().zip(expected) {
                assert_eq!(function(route).contains(variable), expected, "{variable} of {}", route.id);
                assert_eq!(template("auth", &[route]).contains(&format!("{parameter}:\n    Type")), expected);
                assert_eq!(application("auth", &[route]).contains(parameter), expected);
            }
        }
    }
}
