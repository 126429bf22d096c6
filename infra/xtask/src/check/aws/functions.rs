//! Functions and all that belongs to them: as many as the tables have rows, each with what its row declares.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{Templates, resources};

/// What the code says of itself.
pub(super) struct Expected {
    pub(super) routes: Vec<Route>,
    pub(super) jobs: Vec<Job>,
    pub(super) variables: Vec<Variable>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Route {
    id: String,
    method: String,
    path: String,
    domain: String,
    secrets: Vec<String>,
    sessions: String,
    shells: Vec<String>,
    exposure: String,
}

#[derive(Clone, Default, Deserialize)]
pub(super) struct Job {
    id: String,
    schedule: Option<String>,
    queue: Option<String>,
    tries: Option<u16>,
    fills: Option<String>,
    #[serde(default)]
    secrets: Vec<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Variable {
    name: String,
    /// None where it must be set.
    default: Option<String>,
}

/// The variables that only some functions are given, by the secret that a route declares.
const SECRET_VARIABLES: [(&str, &str); 4] = [
    ("signing_key", "AUTH_SIGNING_KEY"),
    ("mail", "MAIL_URL"),
    ("oauth_providers", "OAUTH_PROVIDERS"),
    ("webhook_key", "OUTBOX_WEBHOOK_KEY"),
];

/// What every route's function comes with, by type; the last word of its logical name.
const PARTS: [(&str, &str); 11] = [
    ("AWS::Lambda::Function", ""),
    ("AWS::IAM::Role", "Role"),
    ("AWS::Lambda::Alias", "Aliaslive"),
    ("AWS::CodeDeploy::DeploymentGroup", "DeploymentGroup"),
    ("AWS::Logs::LogGroup", "Logs"),
    ("AWS::ApiGatewayV2::Integration", "Integration"),
    ("AWS::ApiGatewayV2::Route", "Route"),
    ("AWS::Lambda::Permission", "Permission"),
    ("AWS::CloudWatch::Alarm", "Failing"),
    ("AWS::CloudWatch::Alarm", "Throttled"),
    ("AWS::CloudWatch::Alarm", "NearTimeout"),
];

/// What a stack of functions has once, by SAM.
const ONCE: [(&str, &str); 2] =
    [("AWS::CodeDeploy::Application", "ServerlessDeploymentApplication"), ("AWS::IAM::Role", "CodeDeployServiceRole")];

/// What each function's role may through policies of AWS: its log, its network, its traces.
const MANAGED: [&str; 3] = ["AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AWSXrayWriteOnlyAccess"];

/// The one job that ends sessions.
const ENDS_SESSIONS: &str = "finish-account-deletions";

const JOBS: &str = "infra/aws/jobs.yaml";

pub(super) fn check(templates: &Templates, expected: &Expected) -> Vec<String> {
    let mut found = Vec::new();
    let mut domains: BTreeMap<String, Vec<&Route>> = BTreeMap::new();
    for route in expected.routes.iter().filter(|route| route.is_deployed()) {
        domains.entry(format!("infra/aws/{}.yaml", route.domain)).or_default().push(route);
    }
    for (path, template) in templates {
        let has_routes = resources(template).any(|(_, resource)| resource["Type"] == "AWS::ApiGatewayV2::Route");
        let complaints = match domains.get(path) {
            Some(routes) => of_domain(template, routes, expected),
            None if path == JOBS => of_jobs(template, expected),
            None if has_routes => vec!["its routes are in no table".to_owned()],
            None => Vec::new(),
        };
        found.extend(complaints.into_iter().map(|complaint| format!("{path}: {complaint}")));
    }
    let missing = domains.keys().map(String::as_str).chain([JOBS]).filter(|path| !templates.contains_key(*path));
    found.extend(missing.map(|path| format!("{path} is missing")));
    found
}

/// A domain's stack: exactly the parts of its routes, and each as its route declares.
fn of_domain(template: &Value, routes: &[&Route], expected: &Expected) -> Vec<String> {
    let mut wanted: BTreeSet<(String, String)> = own(&ONCE, "").into_iter().collect();
    wanted.extend(routes.iter().flat_map(|route| own(&PARTS, &pascal_case(&route.id))));
    let mut found = differences(template, &wanted, routes.len());
    for route in routes {
        let id = pascal_case(&route.id);
        let of = |part: &str| &template["Resources"][format!("{id}{part}")]["Properties"];
        let mut say = |complaint: String| found.push(format!("{}: {complaint}", route.id));
        let alias = format!("{id}Aliaslive");
        let facts = [
            ("the code is another's", ends_with(&of("")["Code"]["S3Key"], &format!("/{}", route.id))),
            ("its log goes elsewhere", of("")["LoggingConfig"]["LogGroup"]["Ref"] == format!("{id}Logs")),
            ("its log is kept for ever", !of("Logs")["RetentionInDays"].is_null()),
            ("its route is another", of("Route")["RouteKey"] == route.key()),
            ("its route leads elsewhere", of("Route")["Target"].to_string().contains(&format!("${{{id}Integration}}"))),
            ("its integration leads elsewhere", of("Integration")["IntegrationUri"]["Ref"] == *alias),
            ("the API may not call it", of("Permission")["FunctionName"]["Ref"] == *alias),
            (
                "its alarm watches another",
                of("Failing")["Metrics"].to_string().contains(&format!("\"{}\"", route.resource())),
            ),
            (
                "no alarm takes a new version back",
                of("DeploymentGroup")["AlarmConfiguration"].to_string().contains(&format!("\"{id}Failing\"")),
            ),
        ];
        facts.iter().filter(|(_, holds)| !holds).for_each(|(complaint, _)| say((*complaint).to_owned()));
        environment(of(""), &route.secrets, expected).into_iter().for_each(&mut say);
        rights(of("Role"), &declared(&route.sessions)).into_iter().for_each(&mut say);
    }
    found
}

/// The jobs' stack: a function each, the one that migrates, and none besides.
fn of_jobs(template: &Value, expected: &Expected) -> Vec<String> {
    let migrate = Job { id: "migrate".to_owned(), ..Job::default() };
    let mut found = Vec::new();
    let mut functions = BTreeSet::new();
    for job in expected.jobs.iter().chain([&migrate]) {
        let id = job.logical_id();
        let of = |part: &str| &template["Resources"][format!("{id}{part}")]["Properties"];
        let facts = [
            ("there is no function", ends_with(&of("")["Code"]["S3Key"], &format!("/job-{}", job.id))),
            ("its log is kept for ever", !of("Logs")["RetentionInDays"].is_null()),
            ("nobody hears when it fails", job.id == migrate.id || !of("Failed").is_null()),
            ("nothing starts it", job.schedule.is_none() || of("Schedule")["ScheduleExpression"].is_string()),
        ];
        let mut complaints: Vec<_> =
            facts.iter().filter(|(_, holds)| !holds).map(|(complaint, _)| (*complaint).to_owned()).collect();
        if job.queue.is_some() {
            complaints.extend(queue(job, of).map(str::to_owned));
        }
        // Who fills a queue leaves the work, and what it takes, to who empties it.
        let secrets: &[String] = if job.fills.is_some() { &[] } else { &job.secrets };
        complaints.extend(environment(of(""), secrets, expected));
        complaints.extend(rights(of("Role"), &job.rights()));
        if let Some(queue) = &job.fills {
            let consumer = expected.jobs.iter().find(|other| other.queue.as_ref() == Some(queue)).map(Job::logical_id);
            let policies = of("Role")["Policies"].to_string();
            let may = consumer.is_some_and(|consumer| policies.contains(&format!("[\"{consumer}Queue\",\"Arn\"]")));
            complaints.extend((!may).then(|| format!("it may not send to the queue {queue}")));
        }
        found.extend(complaints.into_iter().map(|complaint| format!("{}: {complaint}", job.id)));
        functions.insert(id);
    }
    let is_function = |(_, resource): &(&str, &Value)| resource["Type"] == "AWS::Lambda::Function";
    let others = resources(template).filter(is_function).filter(|(name, _)| !functions.contains(*name));
    found.extend(others.map(|(name, _)| format!("{name} is no job")));
    found
}

/// What is wrong with the queue before a job: it must outlast the job, lose nothing, and be heard when it gives up.
fn queue<'t>(job: &Job, of: impl Fn(&str) -> &'t Value) -> impl Iterator<Item = &'static str> {
    let id = job.logical_id();
    let (queue, dead, messages) = (of("Queue"), of("DeadLetters"), of("Messages"));
    let is_at = |value: &Value, part: &str| value["Fn::GetAtt"][0] == format!("{id}{part}");
    let visible = queue["VisibilityTimeout"].as_u64().unwrap_or_default();
    let timeout = of("")["Timeout"].as_u64().unwrap_or(u64::MAX);
    let redrive = &queue["RedrivePolicy"];
    let heard = &of("DeadLettered")["Dimensions"][0]["Value"];
    let facts = [
        ("its queue leads elsewhere", is_at(&messages["EventSourceArn"], "Queue")),
        ("its queue calls another", messages["FunctionName"]["Ref"] == format!("{id}Aliaslive")),
        (
            "a message that fails takes its batch along",
            messages["FunctionResponseTypes"][0] == "ReportBatchItemFailures",
        ),
        ("a message is given to a second one while the first works", visible >= timeout.saturating_mul(6)),
        ("what always fails is nowhere put aside", is_at(&redrive["deadLetterTargetArn"], "DeadLetters")),
        ("messages are tried another number of times", redrive["maxReceiveCount"] == job.tries.unwrap_or_default()),
        ("its messages are not encrypted", [queue, dead].iter().all(|queue| queue["SqsManagedSseEnabled"] == true)),
        ("nobody hears of what is put aside", is_at(heard, "DeadLetters")),
    ];
    facts.into_iter().filter(|(_, holds)| !holds).map(|(complaint, _)| complaint)
}

/// What is there and should not be, and the other way round. SAM names versions by a hash; they are only counted.
fn differences(template: &Value, wanted: &BTreeSet<(String, String)>, functions: usize) -> Vec<String> {
    let there: BTreeSet<_> = resources(template)
        .map(|(name, resource)| (resource["Type"].as_str().unwrap_or_default().to_owned(), name.to_owned()))
        .collect();
    let (versions, there): (BTreeSet<_>, BTreeSet<_>) =
        there.into_iter().partition(|(kind, _)| kind == "AWS::Lambda::Version");
    let missing = wanted.difference(&there).map(|(kind, name)| format!("{name} ({kind}) is missing"));
    let extra = there.difference(wanted).map(|(kind, name)| format!("{name} ({kind}) belongs to no route"));
    let mut found: Vec<_> = missing.chain(extra).collect();
    if versions.len() != functions {
        found.push(format!("{} versions of {functions} functions", versions.len()));
    }
    found
}

/// Variables that nobody reads, that are needed, or that this function has no business with.
fn environment(function: &Value, secrets: &[String], expected: &Expected) -> Vec<String> {
    let given: BTreeSet<_> =
        function["Environment"]["Variables"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let known: BTreeSet<_> = expected.variables.iter().map(|variable| variable.name.as_str()).collect();
    let needed = expected.variables.iter().filter(|variable| variable.default.is_none());
    let mut found: Vec<_> = given.difference(&known).map(|name| format!("nobody reads {name}")).collect();
    found.extend(
        needed
            .filter(|variable| !given.contains(&*variable.name))
            .map(|variable| format!("it needs {}", variable.name)),
    );
    for (secret, variable) in SECRET_VARIABLES {
        let is_declared = secrets.iter().any(|declared| declared == secret);
        if given.contains(variable) != is_declared {
            found
                .push(format!("{variable} is {}", if is_declared { "declared and not given" } else { "not declared" }));
        }
    }
    found
}

/// What a row declares of sessions, as DynamoDB calls it.
fn declared(sessions: &str) -> BTreeSet<String> {
    let declared: &[&str] = match sessions {
        "get" => &["GetItem"],
        "list" => &["GetItem", "Query"],
        "write" => &["BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"],
        _ => &[],
    };
    declared.iter().map(|action| format!("dynamodb:{action}")).collect()
}

/// Rights of a role that its row does not declare, or does and does not get.
fn rights(role: &Value, declared: &BTreeSet<String>) -> Vec<String> {
    let statements = role["Policies"].as_array().into_iter().flatten();
    let statements =
        statements.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().into_iter().flatten());
    let actions: BTreeSet<_> = statements
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            action => vec![action.clone()],
        })
        .filter_map(|action| action.as_str().map(str::to_owned))
        .collect();
    let mut found: Vec<_> = actions.difference(declared).map(|action| format!("may {action}, undeclared")).collect();
    found.extend(declared.difference(&actions).map(|action| format!("may not {action}, which it declares")));
    let managed = role["ManagedPolicyArns"].as_array().into_iter().flatten();
    let foreign = managed.filter(|arn| !MANAGED.iter().any(|name| arn.to_string().contains(name)));
    found.extend(foreign.map(|arn| format!("has the policy {arn}")));
    found
}

fn own(parts: &[(&str, &str)], id: &str) -> Vec<(String, String)> {
    parts.iter().map(|(kind, part)| ((*kind).to_owned(), format!("{id}{part}"))).collect()
}

fn ends_with(value: &Value, end: &str) -> bool {
    value.as_str().is_some_and(|text| text.ends_with(end))
}

/// `game-advance` as `GameAdvance`.
fn pascal_case(id: &str) -> String {
    id.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

impl Job {
    fn logical_id(&self) -> String {
        format!("Job{}", pascal_case(&self.id))
    }

    /// What its role may: its sessions, the queue it empties, the one it fills, and the one for what failed.
    fn rights(&self) -> BTreeSet<String> {
        let mut rights = declared(if self.id == ENDS_SESSIONS { "write" } else { "none" });
        let mut sqs = |actions: &[&str]| rights.extend(actions.iter().map(|action| format!("sqs:{action}")));
        if self.queue.is_some() {
            sqs(&["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]);
        }
        if self.schedule.is_some() || self.fills.is_some() {
            sqs(&["SendMessage"]);
        }
        rights
    }
}

impl Route {
    fn is_deployed(&self) -> bool {
        self.shells.iter().any(|shell| shell == "lambda") && self.exposure != "private"
    }

    fn key(&self) -> String {
        if self.path == "$default" { self.path.clone() } else { format!("{} {}", self.method, self.path) }
    }

    /// What CloudWatch calls it.
    fn resource(&self) -> &str {
        &self.path
    }
}

#[cfg(test)]
mod tests;
