//! Passwords: which may be chosen, how they are changed, and what those who guess achieve.

use std::{
    io::{self, Write},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use http::StatusCode;
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp};
use tracing_subscriber::fmt::MakeWriter;

use crate::story::app;

const PASSWORD: &str = "correct horse battery";
const NEW: &str = "a longer walk home";

async fn login_from(app: &TestApp, ip: IpAddr, name: &str, password: &str, device: Option<&str>) -> TestAnswer {
    let mut body = json!({"username": name, "password": password});
    if let Some(device) = device {
        body["device"] = json!({"id": device});
    }
    app.post("/api/v1/auth/login", &body).from_ip(ip).send().await
}

async fn change(app: &TestApp, token: &str, current: &str, new: &str) -> TestAnswer {
    let body = json!({"current_password": current, "new_password": new});
    app.post("/api/v1/auth/change-password", &body).token(token).send().await
}

fn token_of(answer: &TestAnswer) -> String {
    answer.data()["access_token"].as_str().expect("a token").to_owned()
}

/// A client address that no other test counts under.
fn stranger() -> IpAddr {
    std::net::Ipv6Addr::from(uuid::Uuid::new_v4().as_u128()).into()
}

async fn text(app: &TestApp, sql: &'static str) -> String {
    sqlx::query_scalar(sql).fetch_one(app.ctx().db()).await.expect("a text")
}

#[tokio::test]
async fn a_password_that_attackers_try_first_is_refused_by_its_rule() {
    let app = app().await;
    for (password, rule) in [
        ("short", "length"),
        ("11111111", "repetitive"),
        ("Passw0rd", "common"),
        ("RestartLife", "personal"),
        ("lin_an_2026", "personal"),
        ("99walker", "personal"),
    ] {
        let body = json!({"username": "lin_an", "email": "walker@example.org", "password": password});
        let refused = app.post("/api/v1/auth/register", &body).send().await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{password}: {}", refused.text());
        let error = refused.error();
        assert_eq!((&error["fields"][0]["field"], &error["fields"][0]["rule"]), (&json!("password"), &json!(rule)));
    }
    let token = app.register("lin_an").await;
    assert_eq!(change(&app, &token, PASSWORD, "lin_an_2026").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn one_password_typed_on_two_keyboards_is_one_password() {
    let app = app().await;
    let body = json!({"username": "lin_an", "password": "cafe\u{301} ｌｏｎｇ walk"});
    assert_eq!(app.post("/api/v1/auth/register", &body).send().await.status, StatusCode::CREATED);
    let other = login_from(&app, stranger(), "lin_an", "caf\u{e9} long walk", None).await;
    assert_eq!(other.status, StatusCode::OK, "{}", other.text());
}

#[tokio::test]
async fn a_changed_password_signs_all_other_devices_out() {
    let app = app().await;
    app.register("lin_an").await;
    let here = login_from(&app, stranger(), "lin_an", PASSWORD, Some("here")).await;
    let (token, session) = (token_of(&here), here.data()["session_id"].clone());
    let wrong = change(&app, &token, "not the password", NEW).await;
    assert_eq!((wrong.status, &wrong.error()["reason"]), (StatusCode::FORBIDDEN, &json!("WRONG_PASSWORD")));

    assert_eq!(change(&app, &token, PASSWORD, NEW).await.status, StatusCode::OK);
    let left = text(&app, "SELECT string_agg(session_id::text, ' ') FROM sessions").await;
    assert_eq!(json!(left), session);
    assert_eq!(login_from(&app, stranger(), "lin_an", PASSWORD, None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(login_from(&app, stranger(), "lin_an", NEW, None).await.status, StatusCode::OK);
    // The answer was lost: the same again ends as the first did.
    assert_eq!(change(&app, &token, PASSWORD, NEW).await.status, StatusCode::OK);
    assert_eq!(json!(text(&app, "SELECT string_agg(session_id::text, ' ') FROM sessions").await), session);
    assert_eq!(change(&app, &token, PASSWORD, "yet another walk").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_account_without_a_password_is_told_so() {
    let app = app().await;
    let token = app.register("lin_an").await;
    sqlx::query("DELETE FROM identities").execute(app.ctx().db()).await.expect("deleted");
    let refused = change(&app, &token, PASSWORD, NEW).await;
    assert_eq!((refused.status, &refused.error()["reason"]), (StatusCode::CONFLICT, &json!("NO_PASSWORD")));
}

#[tokio::test]
async fn a_hash_grows_with_the_cost_at_the_next_login() {
    let app = app().await;
    app.register("lin_an").await;
    let hash = || text(&app, "SELECT secret FROM identities");
    let old = hash().await;
    assert!(old.contains("m=64,t=1,"), "{old}");
    let settings = [("ARGON2_MEMORY_KIB", "128"), ("ARGON2_ITERATIONS", "2")];
    let raised = app.beside(gateway::routes(None), &settings).await;
    let wrong = login_from(&raised, stranger(), "lin_an", "not the password", None).await;
    assert_eq!((wrong.status, hash().await), (StatusCode::UNAUTHORIZED, old));
    assert_eq!(login_from(&raised, stranger(), "lin_an", PASSWORD, None).await.status, StatusCode::OK);
    let new = hash().await;
    assert!(new.contains("m=128,t=2,"), "{new}");
    for app in [&app, &raised] {
        assert_eq!(login_from(app, stranger(), "lin_an", PASSWORD, None).await.status, StatusCode::OK);
    }
    assert_eq!(hash().await, new, "neither the same cost nor a lower one changes it");
}

#[tokio::test]
async fn who_floods_an_account_locks_strangers_out_and_not_its_owner() {
    for redis in [None, Some(("REDIS_URL", "redis://127.0.0.1:1"))] {
        let settings: Vec<_> = redis.into_iter().chain([("RATE_LIMIT_PERCENT", "100")]).collect();
        let app = TestApp::with_settings(gateway::routes(None), &settings).await;
        let body = json!({"username": "lin_an", "password": PASSWORD, "device": {"id": "my own"}});
        let registered = app.post("/api/v1/auth/register", &body).from_ip(stranger()).send().await;
        assert_eq!(registered.status, StatusCode::CREATED, "{}", registered.text());

        // From everywhere, at a known name and at an unknown one: the same answers.
        let flood = async |name: &'static str| {
            let tries = (0..14).map(|_| login_from(&app, stranger(), name, "a guessed one", Some("a guess")));
            let mut answers = futures_util::future::join_all(tries).await;
            answers.sort_by_key(|answer| answer.status);
            answers.iter().map(|answer| (answer.status, answer.error()["message"].clone())).collect::<Vec<_>>()
        };
        let (known, unknown) = (flood("lin_an").await, flood("nobody").await);
        assert_eq!(known, unknown);
        let heard = known.iter().filter(|(status, _)| *status == StatusCode::UNAUTHORIZED).count();
        assert_eq!((heard, known[13].0), (10, StatusCode::TOO_MANY_REQUESTS));

        let elsewhere = login_from(&app, stranger(), "LIN_AN", PASSWORD, Some("new phone")).await;
        assert_eq!(elsewhere.status, StatusCode::TOO_MANY_REQUESTS, "{}", elsewhere.text());
        assert!(elsewhere.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 60));
        for _ in 0..15 {
            let owner = login_from(&app, stranger(), "lin_an", PASSWORD, Some("my own")).await;
            assert_eq!(owner.status, StatusCode::OK, "right passwords use nothing up: {}", owner.text());
        }
        // Registering the same name is no second way to guess.
        let body = json!({"username": "lin_an", "password": "a guessed one"});
        let guess = app.post("/api/v1/auth/register", &body).from_ip(stranger()).send().await;
        assert_eq!(guess.status, StatusCode::TOO_MANY_REQUESTS, "{}", guess.text());
        // Whoever holds the owner's device is bounded, too.
        let tries = (0..14).map(|_| login_from(&app, stranger(), "lin_an", "a guessed one", Some("my own")));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count(), 10);
    }
}

#[tokio::test]
async fn one_address_that_guesses_at_many_names_is_refused() {
    let limits = [("RATE_LIMIT_PERCENT", "100"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let app = TestApp::with_settings(gateway::routes(None), &limits).await;
    let (ip, mut heard) = (stranger(), 0);
    for number in 0..60 {
        // As fast as the route's own limit lets it.
        app.world().wait(2);
        let answer = login_from(&app, ip, &format!("nobody{number}"), "a guessed one", None).await;
        heard += i32::from(answer.status == StatusCode::UNAUTHORIZED);
    }
    assert!((50..=54).contains(&heard), "{heard}");
}

/// Where the log goes for the time of a test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn every_event_is_one_line_that_names_nobody() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let app = app().await;
    let ip: IpAddr = "203.0.113.77".parse().expect("an address");
    let body = json!({"username": "walker_name", "email": "secret.walker@example.org", "password": PASSWORD});
    let token = token_of(&app.post("/api/v1/auth/register", &body).from_ip(ip).send().await);
    login_from(&app, ip, "walker_name", PASSWORD, None).await;
    login_from(&app, ip, "walker_name", "a guessed one", None).await;
    login_from(&app, ip, "unknown_name_x", "a guessed one", None).await;
    change(&app, &token, "a guessed one", NEW).await;
    change(&app, &token, PASSWORD, NEW).await;
    let code = json!({"purpose": "verify_email", "email": "secret.walker@example.org", "code": "98765432"});
    app.post("/api/v1/auth/verify-code", &code).token(&token).from_ip(ip).send().await;
    drop(guard);

    let written = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
    let lines = written.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let audit: Vec<Value> = lines.filter(|line| line["target"] == "audit").map(|line| line["fields"].clone()).collect();
    let told: Vec<_> = audit.iter().map(|line| (line["event"].as_str(), line["reason"].as_str())).collect();
    assert_eq!(
        told,
        [
            (Some("register"), None),
            (Some("login"), None),
            (Some("login"), Some("wrong_password")),
            (Some("login"), Some("unknown_name")),
            (Some("password_change"), Some("wrong_password")),
            (Some("password_change"), None),
            (Some("code_verify"), Some("wrong_code")),
        ]
    );
    assert!(audit[..3].iter().all(|line| line["user_id"].is_string() && line["client"] == "203.0.113.0/24"));
    let all = Value::from(audit).to_string();
    for secret in ["walker", "unknown_name_x", "@", "203.0.113.77", PASSWORD, NEW, "guessed", "98765432"] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
}

#[tokio::test]
async fn after_the_cost_was_raised_everyone_who_signs_in_at_once_gets_in() {
    let app = app().await;
    app.register("crowded").await;
    let raised = app.beside(gateway::routes(None), &[("ARGON2_ITERATIONS", "2"), ("ARGON2_AT_ONCE", "8")]).await;
    let body = json!({"username": "crowded", "password": "correct horse battery"});
    let answers = futures_util::future::join_all((0..8).map(|_| raised.post("/api/v1/auth/login", &body).send())).await;
    for answer in answers {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_name_is_one_name_however_it_is_folded() {
    let app = app().await;
    for name in ["l\u{130}n", "ｌｉｎ", "lin an", "li\u{307}n"] {
        let answer = app.post("/api/v1/auth/login", &json!({"username": name, "password": "x"})).send().await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", answer.text());
    }
}
