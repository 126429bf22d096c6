//! What invokes a function besides an HTTP API: REST APIs, function URLs, load balancers, EventBridge. Real binaries under
//! the real emulator, and events as AWS documents them.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use platform::jobs::JOBS;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use testkit::{
    app::VERIFYING_KEY,
    database,
    lambda::{self, Deployment, FunctionError, LambdaApi, Route},
};
use uuid::Uuid;

use crate::server::settings;

/// Functions by name, each with a minute for an event.
async fn deploy(functions: &[&str], env: BTreeMap<String, String>) -> LambdaApi {
    let routes = functions.iter().map(|id| Route::unrouted(id, 60)).collect();
    let bins = lambda::build_bins().await.expect("binaries");
    LambdaApi::start(Deployment { routes, bins, env, instances: 1 }).await.expect("the emulator")
}

/// A registration as its body comes: not as text.
fn body(username: &str) -> String {
    BASE64_STANDARD.encode(json!({"username": username, "password": "correct horse battery"}).to_string())
}

const PATH: &str = "/api/v1/auth/register";

/// By an HTTP API on a stage with a name, or by a function URL: one payload format.
fn format_2(stage: &str, path: &str, ip: &str, username: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "cookies": ["a=1", "b=2"],
        "headers": {"content-type": "application/json", "x-forwarded-for": "6.6.6.6", "host": "a.lambda-url.eu-west-1.on.aws"},
        "requestContext": {
            "accountId": "anonymous", "apiId": "a", "domainName": "a.lambda-url.eu-west-1.on.aws", "domainPrefix": "a",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": ip, "userAgent": "u"},
            "requestId": "r", "routeKey": "$default", "stage": stage,
            "time": "01/Jun/2026:12:00:00 +0000", "timeEpoch": 1_780_315_200_000_u64,
        },
        "body": body(username), "isBase64Encoded": true,
    })
}

/// By a REST API.
fn format_1(ip: &str, username: &str) -> Value {
    json!({
        "resource": "/{proxy+}", "path": PATH, "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "X-Forwarded-For": "6.6.6.6, 130.176.0.1"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "X-Forwarded-For": ["6.6.6.6, 130.176.0.1"]},
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": {"proxy": "api/v1/auth/register"}, "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000", "apiId": "a", "httpMethod": "POST", "path": format!("/prod{PATH}"), "stage": "prod",
            "protocol": "HTTP/1.1", "requestId": "r", "resourceId": "x", "resourcePath": "/{proxy+}",
            "requestTime": "01/Jun/2026:12:00:00 +0000", "requestTimeEpoch": 1_780_315_200_000_u64,
            "identity": {"sourceIp": ip, "userAgent": "u"},
        },
        "body": body(username), "isBase64Encoded": true,
    })
}

/// By a load balancer whose target group sends headers once, or each with all its values.
fn balanced(ip: &str, username: &str, many: bool) -> Value {
    let forwarded = format!("6.6.6.6, {ip}");
    let mut event = json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:0:targetgroup/t/0"}},
        "httpMethod": "POST", "path": PATH, "body": body(username), "isBase64Encoded": true,
    });
    if many {
        event["multiValueHeaders"] = json!({"content-type": ["application/json"], "x-forwarded-for": [forwarded]});
        event["multiValueQueryStringParameters"] = json!({});
    } else {
        event["headers"] = json!({"content-type": "application/json", "x-forwarded-for": forwarded});
        event["queryStringParameters"] = json!({});
    }
    event
}

#[tokio::test]
async fn every_kind_of_front_is_understood_and_tells_whom_it_serves() {
    let mut env: BTreeMap<_, _> = settings().await.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    // One registration an address, and no other for a minute.
    env.insert("RATE_LIMIT_PERCENT".to_owned(), "3".to_owned());
    env.insert("REDIS_NAMESPACE".to_owned(), Uuid::new_v4().simple().to_string());
    let api = deploy(&["auth-register"], env).await;
    let rows = [
        ("an HTTP API", format_2("prod", "/prod/api/v1/auth/register", "198.51.100.1", "http_api")),
        ("a function URL", format_2("$default", PATH, "198.51.100.2", "function_url")),
        ("a REST API", format_1("198.51.100.3", "rest_api")),
        ("a load balancer", balanced("198.51.100.4", "balancer", false)),
        ("a load balancer with many values", balanced("198.51.100.5", "balancer_many", true)),
    ];
    for (front, event) in &rows {
        let answer = api.invoke("auth-register", event).await.expect("an answer");
        assert_eq!(answer["statusCode"], 201, "{front}: {answer}");
        let envelope: Value = serde_json::from_str(answer["body"].as_str().expect("a text")).expect("JSON");
        assert_eq!(envelope["success"], true, "{front}");
        let (once, all) = (&answer["headers"]["content-type"], &answer["multiValueHeaders"]["content-type"][0]);
        let expected = match *front {
            "an HTTP API" | "a function URL" => (true, false),
            "a REST API" => (false, true),
            _ => (true, true),
        };
        assert_eq!((once.is_string(), all.is_string()), expected, "{front}: {answer}");
    }
    for (number, (front, _)) in rows.iter().enumerate() {
        let again = format_2("$default", PATH, &format!("198.51.100.{}", number + 1), &format!("again_{number}"));
        let answer = api.invoke("auth-register", &again).await.expect("an answer");
        assert_eq!(answer["statusCode"], 429, "{front} did not tell whom it served: {answer}");
    }
    assert!(api.errors().is_empty(), "{:?}", api.errors());
}

/// What EventBridge sends on a schedule.
fn scheduled() -> Value {
    json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "000000000000", "time": "2026-06-01T03:45:00Z", "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:000000000000:rule/purge"], "detail": {},
    })
}

fn on(database_url: &str) -> BTreeMap<String, String> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    BTreeMap::from([pair("DATABASE_URL", database_url), pair("AUTH_VERIFYING_KEYS", VERIFYING_KEY)])
}

#[tokio::test]
async fn the_migration_and_every_job_run_as_functions() {
    let url = database::blank().await.expect("a database");
    let names: Vec<_> = JOBS.iter().map(|job| format!("job-{}", job.id)).collect();
    let functions: Vec<&str> = names.iter().map(String::as_str).chain(["job-migrate"]).collect();
    let api = deploy(&functions, on(&url)).await;
    for _ in 0..2 {
        let migrated = api.invoke("job-migrate", &json!({})).await.expect("migrated");
        assert_eq!(migrated, json!({"job": "migrate", "outcome": "done"}));
    }
    let mut db = PgConnection::connect(&url).await.expect("a connection");
    let stored: i64 =
        sqlx::query_scalar("SELECT count(*) FROM content_blobs").fetch_one(&mut db).await.expect("a count");
    assert_eq!(stored, 1, "the jobs that follow a migration have run");
    for job in JOBS.iter().filter(|job| job.schedule().is_some()) {
        let name = format!("job-{}", job.id);
        let done = api.invoke(&name, &scheduled()).await.expect("done");
        assert_eq!(done, json!({"job": job.id, "outcome": "done"}));
        let log = api.logs(&name).expect("a log");
        assert!(log.contains("job done") && log.contains("53dc4d37"), "{log}");
    }
}

#[tokio::test]
async fn a_job_that_fails_is_a_function_that_fails() {
    let away = "postgres://nobody@127.0.0.1:1/none";
    let api = deploy(&["job-purge-sessions", "job-migrate"], on(away)).await;
    for function in ["job-purge-sessions", "job-migrate"] {
        let refused = api.invoke(function, &scheduled()).await.expect_err("a failure");
        let error = refused.downcast::<FunctionError>().expect("the function's own");
        assert_eq!(error.kind, "JobFailed", "{error}");
        assert!(error.message.contains("refused"), "{error}");
    }
}
