//! What a client sees while something behind us is away.

use std::time::Duration;

use axum::routing::get;
use http::StatusCode;
use platform::{
    Answer, Reply, Route,
    route::{Auth, Rate},
};
use testkit::app::TestApp;

/// A handler with a mistake in it.
static PANICS: Route = Route::get("test-panics", "/panics").auth(Auth::Public).rate(Rate::Public).build(|| get(panics));

async fn panics() -> Reply<()> {
    panic!("the secret of the handler")
}

/// A handler that waits for something that never comes.
static HANGS: Route =
    Route::get("test-hangs", "/hangs").auth(Auth::Public).rate(Rate::Public).timeout_s(1).build(|| get(hangs));

async fn hangs() -> Reply<()> {
    tokio::time::sleep(Duration::from_secs(60)).await;
    Answer::ok(&())
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing_and_the_next_request_is_served() {
    let app = TestApp::new([&PANICS]).await;
    for _ in 0..2 {
        let answer = app.get("/panics").send().await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.error()["code"], "INTERNAL_ERROR");
        assert_eq!(answer.error()["request_id"], answer.header("x-request-id"));
        assert!(!answer.text().contains("secret"), "{}", answer.text());
    }
    let nowhere = app.get("/elsewhere").send().await;
    assert_eq!((nowhere.status, nowhere.error()["code"].clone()), (StatusCode::NOT_FOUND, "NOT_FOUND".into()));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_a_503_in_time() {
    let app = TestApp::new([&HANGS]).await;
    let answer = app.get("/hangs").send().await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
}

#[tokio::test]
async fn without_redis_everything_still_works_and_ready_says_so() {
    let app = TestApp::with_settings(
        gateway::routes(None),
        &[("REDIS_URL", "redis://127.0.0.1:1"), ("RATE_LIMIT_PERCENT", "100")],
    )
    .await;
    let token = app.register("no_redis").await;
    let profile = app.get("/api/v1/auth/profile").token(&token).send().await;
    assert_eq!(profile.status, StatusCode::OK);
    assert_eq!(profile.header("x-ratelimit-limit"), "150", "limits go on in the process");
    let ready = app.get("/ready").send().await;
    assert_eq!((ready.status, ready.data()["degraded"][0].clone()), (StatusCode::OK, "redis".into()));
}

#[tokio::test]
async fn a_redis_that_swallows_everything_costs_a_moment_and_no_request() {
    // Accepts connections and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("redis://{}", silent.local_addr().expect("an address"));
    let app =
        TestApp::with_settings(gateway::routes(None), &[("REDIS_URL", &url), ("RATE_LIMIT_PERCENT", "10000")]).await;
    let token = app.register("silent_redis").await;
    for _ in 0..50 {
        let profile = app.get("/api/v1/auth/profile").token(&token).send().await;
        assert_eq!(profile.status, StatusCode::OK, "{}", profile.text());
    }
    let ready = app.get("/ready").send().await;
    assert_eq!((ready.status, ready.data()["degraded"][0].clone()), (StatusCode::OK, "redis".into()));
}

#[tokio::test]
async fn without_postgres_it_is_alive_but_not_ready_and_says_when_to_come_back() {
    let app =
        TestApp::with_settings(gateway::routes(None), &[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")]).await;
    assert_eq!(app.get("/health").send().await.status, StatusCode::OK);
    let body = serde_json::json!({"username": "no_db", "password": "correct horse battery"});
    for answer in [app.get("/ready").send().await, app.post("/api/v1/auth/login", &body).send().await] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
        assert_eq!(answer.header("retry-after"), "1");
        assert!(!answer.text().contains("127.0.0.1"), "the cause is for the log: {}", answer.text());
    }
}

#[tokio::test]
async fn a_refused_client_is_told_its_limit_and_when_to_come_back() {
    let app = TestApp::with_settings(gateway::routes(None), &[("RATE_LIMIT_PERCENT", "100")]).await;
    // Other tests count in the same Redis: an address that nobody else has.
    let ip = std::net::Ipv6Addr::from(uuid::Uuid::new_v4().as_u128()).into();
    let body = serde_json::json!({"username": "nobody", "password": "wrong password"});
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let answer = app.post("/api/v1/auth/login", &body).from_ip(ip).send().await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!((answer.header("x-ratelimit-remaining"), answer.header("x-ratelimit-limit")), ("0", "10"));
            assert_eq!(answer.header("retry-after"), "2");
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count(), 10);
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
}
