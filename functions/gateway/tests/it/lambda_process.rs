//! How a function's process begins, serves several events at once, and ends: what the emulator does not show, against a
//! runtime API that does.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use testkit::{
    lambda::{self, Outcome, RuntimeApi},
    process::{Process, Signal},
};
use tokio::process::{Child, Command};

use crate::server::settings;

/// Starts a function with these settings and nothing else.
async fn start(function: &str, settings: &[(&str, String)]) -> (RuntimeApi, Child) {
    start_with_log(function, settings, Stdio::null()).await
}

/// The same; what it writes goes to `log`.
pub(crate) async fn start_with_log(
    function: &str,
    settings: &[(&str, String)],
    log: impl Into<Stdio>,
) -> (RuntimeApi, Child) {
    let bins = lambda::build_bins().await.expect("binaries");
    let api = RuntimeApi::start(Duration::from_secs(60)).await.expect("a port");
    let mut command = Command::new(bins.join(function));
    command.env_clear().envs(settings.iter().map(|(name, value)| (name, value))).envs(api.env());
    let child = command.stdout(log).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("it starts");
    (api, child)
}

fn terminate(child: &Child) {
    let process = child.id().and_then(Process::find).expect("it runs");
    process.signal(Signal::TERM).expect("a signal");
}

pub(crate) fn register(username: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "POST /api/v1/auth/register", "rawPath": "/api/v1/auth/register",
        "rawQueryString": "", "headers": {"content-type": "application/json"},
        "requestContext": {
            "stage": "$default",
            "http": {"method": "POST", "path": "/api/v1/auth/register", "protocol": "HTTP/1.1", "sourceIp": "198.51.100.1"},
        },
        "body": json!({"username": username, "password": "correct horse battery"}).to_string(), "isBase64Encoded": false,
    })
}

pub(crate) fn status(outcome: &Outcome) -> &Value {
    match outcome {
        Outcome::Answered(answer) => &answer["statusCode"],
        Outcome::Failed(error) => panic!("{error}"),
    }
}

/// Settings under which a statement may wait for a lock for as long as a busy machine makes it.
async fn patient_settings() -> Vec<(&'static str, String)> {
    let mut settings = settings().await;
    settings.push(("DATABASE_STATEMENT_TIMEOUT_MS", "30000".to_owned()));
    settings
}

/// A connection that keeps everybody from writing users until it ends its transaction.
async fn hold_users(settings: &[(&str, String)]) -> PgConnection {
    let url = settings.iter().find(|(name, _)| *name == "DATABASE_URL").expect("a database");
    let mut db = PgConnection::connect(&url.1).await.expect("a connection");
    sqlx::raw_sql("BEGIN; LOCK TABLE users IN EXCLUSIVE MODE").execute(&mut db).await.expect("locked");
    db
}

/// Waits until `number` statements wait for a lock in this database.
async fn waiting(db: &mut PgConnection, number: i64) {
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE d.datname = current_database() AND NOT l.granted",
        )
        .fetch_one(&mut *db)
        .await
        .expect("a count");
        if waiting == number {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why() {
    let (api, mut child) = start("system-health", &[("DATABASE_URL", "mysql://".to_owned())]).await;
    let error = api.init_error().await.expect("a reason");
    assert_eq!(error["errorType"], "Runtime.InitError");
    let why = error["errorMessage"].as_str().expect("a text");
    assert!(why.contains("DATABASE_URL") && why.contains("AUTH_VERIFYING_KEYS"), "{why}");
    assert_eq!(child.wait().await.expect("its end").code(), Some(1));
}

#[tokio::test]
async fn sigterm_ends_a_function_that_waits() {
    let (api, mut child) = start("system-health", &settings().await).await;
    api.first_next().await.expect("it asks");
    terminate(&child);
    assert_eq!(child.wait().await.expect("its end").code(), Some(0));
}

#[tokio::test]
async fn sigterm_does_not_cut_an_answer_off() {
    let settings = patient_settings().await;
    let (api, mut child) = start("auth-register", &settings).await;
    let mut holder = hold_users(&settings).await;
    let asking = async {
        waiting(&mut holder, 1).await;
        terminate(&child);
        // Less than what is left to a function after the signal.
        tokio::time::sleep(Duration::from_millis(20)).await;
        sqlx::raw_sql("COMMIT").execute(&mut holder).await.expect("released");
    };
    let (outcome, ()) = tokio::join!(api.invoke(register("in_flight")), asking);
    assert_eq!(status(&outcome.expect("an answer")), 201);
    assert_eq!(child.wait().await.expect("its end").code(), Some(0));
}

#[tokio::test]
async fn a_managed_instance_serves_eight_events_at_once() {
    const AT_ONCE: usize = 8;
    let mut settings = patient_settings().await;
    settings.push(("AWS_LAMBDA_MAX_CONCURRENCY", AT_ONCE.to_string()));
    settings.push(("DATABASE_MAX_CONNECTIONS", AT_ONCE.to_string()));
    let (api, _child) = start("auth-register", &settings).await;
    let mut holder = hold_users(&settings).await;
    let events = (0..AT_ONCE).map(|number| api.invoke(register(&format!("player_{number}"))));
    let together = async {
        waiting(&mut holder, 8).await;
        sqlx::raw_sql("COMMIT").execute(&mut holder).await.expect("released");
    };
    let (outcomes, ()) = tokio::join!(futures_util::future::join_all(events), together);
    for outcome in outcomes {
        assert_eq!(status(&outcome.expect("an answer")), 201);
    }
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut holder).await.expect("a count");
    assert_eq!(users, 8);
}
