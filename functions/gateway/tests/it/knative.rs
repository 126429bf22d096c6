//! What Knative, Kubernetes and any load balancer rely on, asked of the running program: the port it is told, both
//! versions of HTTP on it, many requests at once, readiness at both ends of its life, and an end that loses no request.

use std::{
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};
use http::{Request, StatusCode, header};
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use testkit::database;
use tokio::{net::TcpStream, task::JoinHandle};

use crate::{
    jobs::gateway,
    server::{Server, settings},
};

/// `containerConcurrency` of the Knative Services.
const AT_ONCE: usize = 100;
/// Requests in flight when the process is told to stop: so many over HTTP/1.1, each on a connection of its own, …
const ON_HTTP1: usize = 400;
/// … and so many more over one connection of HTTP/2.
const ON_HTTP2: usize = 100;
/// Longest wait for what takes a moment, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until somebody is content.
async fn until(what: &str, mut content: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !content().await {
        assert!(Instant::now() < deadline, "it takes too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Settings of a process whose statements may wait for a lock.
async fn patient() -> (Vec<(&'static str, String)>, PgConnection) {
    let mut settings = settings().await;
    let url = &settings.iter().find(|(name, _)| *name == "DATABASE_URL").expect("a database").1;
    let db = PgConnection::connect(url).await.expect("a connection");
    settings.extend(
        ["DATABASE_ACQUIRE_TIMEOUT_MS", "DATABASE_STATEMENT_TIMEOUT_MS"].map(|name| (name, "60000".to_owned())),
    );
    (settings, db)
}

async fn lock(db: &mut PgConnection, mode: &str) {
    let statement = format!("BEGIN; LOCK TABLE users IN {mode} MODE");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(db).await.expect("the lock");
}

async fn unlock(db: &mut PgConnection) {
    sqlx::raw_sql("ROLLBACK").execute(db).await.expect("released");
}

/// One connection of HTTP/2 without TLS and without an upgrade, as Knative's proxy and Envoy open it.
async fn http2(url: &str) -> h2::client::SendRequest<Bytes> {
    let stream = TcpStream::connect(address(url)).await.expect("a connection");
    let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    client
}

async fn ask(client: &h2::client::SendRequest<Bytes>, request: Request<()>, body: Option<String>) -> StatusCode {
    let mut client = client.clone().ready().await.expect("room for a request");
    let (answer, mut stream) = client.send_request(request, body.is_none()).expect("sent");
    if let Some(body) = body {
        stream.send_data(body.into(), true).expect("sent");
    }
    answer.await.expect("an answer").status()
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().expect("an address")
}

fn account(number: usize) -> Value {
    json!({"username": format!("in_flight_{number}"), "password": "correct horse battery"})
}

/// The gauge of requests that are being answered.
async fn in_flight(server: &Server) -> usize {
    let page = reqwest::get(format!("{}/metrics", server.metrics_url)).await.expect("metrics").text().await;
    let page = page.expect("a page");
    let value = page.lines().find_map(|line| line.strip_prefix("http_requests_in_flight "));
    value.map_or(0, |value| value.parse().expect("a number"))
}

#[tokio::test]
async fn it_listens_where_it_is_told_and_is_ready_from_its_first_answer_on() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    let url = format!("http://127.0.0.1:{port}/ready");
    let prober: JoinHandle<Vec<StatusCode>> = tokio::spawn(async move {
        let mut answers = Vec::new();
        while answers.iter().filter(|status| **status == StatusCode::OK).count() < 3 {
            // Nobody listens until it can serve: a probe finds the port closed.
            match reqwest::get(&url).await {
                Ok(answer) => answers.push(answer.status()),
                Err(error) => assert!(error.is_connect(), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        answers
    });
    let mut settings = settings().await;
    settings.push(("PORT", port.to_string()));
    let server = tokio::task::spawn_blocking(move || Server::start(&settings)).await.expect("no panic");
    assert_eq!(server.url, format!("http://127.0.0.1:{port}"));
    let answers = tokio::time::timeout(PATIENCE, prober).await.expect("it gets ready").expect("no panic");
    assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
}

#[tokio::test]
async fn without_its_schema_it_is_alive_and_not_ready() {
    let database = database::blank().await.expect("a database");
    let mut settings = settings().await;
    settings.push(("DATABASE_URL", database.clone()));
    let server = Server::start(&settings);
    let get = async |path: &str| reqwest::get(format!("{}{path}", server.url)).await.expect("an answer");
    assert_eq!(get("/health").await.status(), 200);
    let refused = get("/ready").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.json::<Value>().await.expect("JSON")["error"]["reason"], "SCHEMA_TOO_OLD");

    let migrated = gateway(&database, &["migrate"]).await;
    assert!(migrated.succeeded, "{}", migrated.stderr);
    until("it sees the schema", async || get("/ready").await.status() == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_at_once_those_that_wait_hold_nobody_up() {
    let (settings, mut db) = patient().await;
    let server = Server::start(&settings);
    let (http1, http2) = (Client::new(), http2(&server.url).await);
    let token = {
        let registered = http1.post(format!("{}/api/v1/auth/register", server.url)).json(&account(0)).send().await;
        let answer: Value = registered.expect("an answer").json().await.expect("JSON");
        answer["data"]["access_token"].as_str().expect("a token").to_owned()
    };

    // Half of them must read what is locked: more than there are connections to the database.
    lock(&mut db, "ACCESS EXCLUSIVE").await;
    let profile = format!("{}/api/v1/auth/profile", server.url);
    let waiting: Vec<_> = (0..AT_ONCE / 2)
        .map(|number| {
            // A process's first reader of a profile asks Postgres, and the others wait for it.
            let (http1, http2, profile, token) = (http1.clone(), http2.clone(), profile.clone(), token.clone());
            tokio::spawn(async move {
                if number % 2 == 0 {
                    return http1.get(profile).bearer_auth(token).send().await.expect("an answer").status();
                }
                let request = Request::get(profile).header(header::AUTHORIZATION, format!("Bearer {token}"));
                ask(&http2, request.body(()).expect("a request"), None).await
            })
        })
        .collect();
    until("half of them wait", async || in_flight(&server).await >= AT_ONCE / 2).await;

    let countries = format!("{}/api/v1/catalog/countries", server.url);
    let quick = (0..AT_ONCE / 2).map(async |number| {
        if number % 2 == 0 {
            return http1.get(&countries).send().await.expect("an answer").status();
        }
        ask(&http2, Request::get(&countries).body(()).expect("a request"), None).await
    });
    let answers = tokio::time::timeout(PATIENCE, join_all(quick)).await.expect("nobody is held up");
    assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "they were to wait for the lock");

    unlock(&mut db).await;
    let answers = try_join_all(waiting).await.expect("no panic");
    assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_with_five_hundred_requests_in_flight_loses_none() {
    let (mut settings, mut db) = patient().await;
    settings.push(("SHUTDOWN_DELAY_SECONDS", "3".to_owned()));
    settings.push(("SHUTDOWN_GRACE_SECONDS", "120".to_owned()));
    let server = Server::start(&settings);

    lock(&mut db, "EXCLUSIVE").await;
    let (http1, http2) = (Client::new(), http2(&server.url).await);
    let register = format!("{}/api/v1/auth/register", server.url);
    let begun: Vec<_> = (0..ON_HTTP1 + ON_HTTP2)
        .map(|number| {
            let (http1, http2, register) = (http1.clone(), http2.clone(), register.clone());
            tokio::spawn(async move {
                if number < ON_HTTP1 {
                    return http1.post(register).json(&account(number)).send().await.expect("an answer").status();
                }
                let request = Request::post(register).header(header::CONTENT_TYPE, "application/json");
                ask(&http2, request.body(()).expect("a request"), Some(account(number).to_string())).await
            })
        })
        .collect();
    until("all are in flight", async || in_flight(&server).await >= ON_HTTP1 + ON_HTTP2).await;

    // First it wants no more: whoever asks is told so. It is alive, and still serves those who have not heard.
    let get = async |path: &str| Client::new().get(format!("{}{path}", server.url)).send().await;
    server.terminate();
    let mut refused = None;
    until("it is not ready", async || {
        let answer = get("/ready").await.expect("an answer");
        let is_refused = answer.status() == 503;
        refused = Some(answer);
        is_refused
    })
    .await;
    let refused = refused.expect("an answer").json::<Value>().await.expect("JSON");
    assert_eq!(refused["error"]["reason"], "DRAINING");
    let late = get("/health").await.expect("who comes late is served");
    assert_eq!(
        (late.status(), late.headers().get(header::CONNECTION)),
        (StatusCode::OK, Some(&"close".parse().unwrap()))
    );

    // Then it closes its door, and what was begun goes on.
    until("the door is closed", async || TcpStream::connect(address(&server.url)).await.is_err()).await;
    assert!(begun.iter().all(|begun| !begun.is_finished()), "they were to wait for the lock");
    unlock(&mut db).await;
    let answers = try_join_all(begun).await.expect("no panic");
    let lost = answers.iter().filter(|status| **status != StatusCode::CREATED).count();
    assert_eq!(lost, 0, "{answers:?}");
    let accounts: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut db).await.expect("a count");
    assert_eq!(usize::try_from(accounts), Ok(answers.len()));

    let (code, log) = tokio::task::spawn_blocking(|| server.wait()).await.expect("its end");
    assert_eq!(code, Some(0));
    assert!(log.contains("\"stopped\"") && !log.contains("unfinished"), "{log}");
}
