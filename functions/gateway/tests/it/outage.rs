//! What a client sees while something behind us is away.

use http::StatusCode;
use testkit::app::TestApp;

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
