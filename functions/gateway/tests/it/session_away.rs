//! Sessions in DynamoDB, and what becomes of players while it is away, slow or busy; and that nothing stays in it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, extract::State, response::IntoResponse as _};
use http::{Method, StatusCode};
use platform::{
    ids::{SessionId, UserId},
    session::SessionStore as _,
};
use serde_json::{Value, json};
use testkit::{app::TestApp, proxy::Proxy};
use uuid::Uuid;

/// An application whose sessions are behind a wire that can be cut.
async fn wired(app: &TestApp, endpoint: &str, more: &[(&str, &str)]) -> (TestApp, Proxy) {
    let server = endpoint.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
    let proxy = Proxy::to(server).await.expect("a proxy");
    let endpoint = format!("http://{}", proxy.address());
    let settings =
        [more, &[("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()), ("DYNAMODB_TIMEOUT_MS", "1000")]].concat();
    (app.beside(gateway::routes(None), &settings).await, proxy)
}

async fn profile(app: &TestApp, token: &str) -> StatusCode {
    app.get("/api/v1/auth/profile").token(token).send().await.status
}

#[tokio::test]
async fn without_its_sessions_a_process_is_not_ready() {
    let (app, table) = TestApp::on_dynamodb(gateway::routes(None)).await;
    assert_eq!(app.get("/ready").send().await.status, StatusCode::OK);

    let missing = app.beside(gateway::routes(None), &[("SESSIONS_TABLE", "no-such-table")]).await;
    let answer = missing.get("/ready").send().await;
    assert_eq!(
        (answer.status, &answer.error()["reason"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"SESSION_STORE_AWAY".into())
    );

    let (wired, wire) = wired(&app, &table.endpoint, &[]).await;
    wire.cut();
    let answer = wired.get("/ready").send().await;
    assert_eq!(
        (answer.status, &answer.error()["reason"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"SESSION_STORE_AWAY".into())
    );
    wire.heal();
    wired.world().wait(2);
    assert_eq!(wired.get("/ready").send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn while_dynamodb_is_away_redis_vouches_and_nobody_is_signed_out() {
    let (app, table) = TestApp::on_dynamodb(gateway::routes(None)).await;
    let token = app.register("patient").await;
    let (with_redis, first) = wired(&app, &table.endpoint, &[]).await;
    let (without, second) = wired(&app, &table.endpoint, &[("REDIS_URL", "")]).await;
    first.cut();
    second.cut();
    assert_eq!(profile(&with_redis, &token).await, StatusCode::OK);
    // 503 and not 401: a client that is told 401 throws its tokens away.
    assert_eq!(profile(&without, &token).await, StatusCode::SERVICE_UNAVAILABLE);
    let body = json!({"username": "patient", "password": "correct horse battery"});
    assert_eq!(with_redis.post("/api/v1/auth/login", &body).send().await.status, StatusCode::SERVICE_UNAVAILABLE);
    let out = with_redis.post("/api/v1/auth/logout", &json!({})).token(&token).send().await;
    assert_eq!(out.status, StatusCode::SERVICE_UNAVAILABLE);
    second.heal();
    assert_eq!(profile(&without, &token).await, StatusCode::OK, "it was not signed out");

    // It takes the request and never answers.
    second.freeze();
    let began = Instant::now();
    assert_eq!(profile(&without, &token).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(began.elapsed() < Duration::from_secs(8), "three attempts of a second took {:?}", began.elapsed());
}

#[tokio::test]
async fn a_deleted_account_leaves_no_item() {
    let (app, table) = TestApp::on_dynamodb(gateway::routes(None)).await;
    let token = app.register("leaver").await;
    let login = json!({"username": "leaver", "password": "correct horse battery"});
    app.post("/api/v1/auth/login", &login).send().await.data();
    app.register("stayer").await;
    let items = table.items().await.expect("items");
    assert_eq!(items.len(), 3, "{items:?}");
    // What DynamoDB deletes by is a whole number of seconds, thirty days from now.
    let ends = (app.ctx().now() + chrono::TimeDelta::days(30)).timestamp().to_string();
    assert!(items.iter().all(|item| item["expires_at"] == json!({"N": ends})), "{items:?}");

    let body = json!({"password": "correct horse battery"});
    let gone = app.request(Method::DELETE, "/api/v1/auth/account").token(&token).json(&body).send().await;
    assert_eq!(gone.data(), json!({"closed": true, "deleted": true}));
    assert_eq!(table.items().await.expect("items").len(), 1);
    assert_eq!(profile(&app, &token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_login_that_a_deletion_overtakes_leaves_no_item() {
    let (app, table) = TestApp::on_dynamodb(gateway::routes(None)).await;
    let token = app.register("hasty").await;
    let (slow, wire) = wired(&app, &table.endpoint, &[("DYNAMODB_TIMEOUT_MS", "10000")]).await;
    wire.delay(Duration::from_millis(500));
    let body = json!({"username": "hasty", "password": "correct horse battery"});
    let login = slow.post("/api/v1/auth/login", &body).send();
    let deletion = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let body = json!({"password": "correct horse battery"});
        app.request(Method::DELETE, "/api/v1/auth/account").token(&token).json(&body).send().await.data()
    };
    let (login, deletion) = tokio::join!(login, deletion);
    assert_eq!(deletion, json!({"closed": true, "deleted": true}));
    assert_eq!(login.status, StatusCode::UNAUTHORIZED, "{}", login.text());
    assert_eq!(table.items().await.expect("items"), [] as [Value; 0]);
}

/// What the scripted server is asked, and what it says: the last answer over and over.
#[derive(Clone)]
struct Script(Arc<(Vec<(StatusCode, Value)>, AtomicUsize)>);

impl Script {
    fn asked(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

/// An application whose DynamoDB says what moto never does.
async fn scripted(app: &TestApp, answers: Vec<(StatusCode, Value)>) -> (TestApp, Script) {
    let script = Script(Arc::new((answers, AtomicUsize::new(0))));
    let say = async |State(script): State<Script>, _body: Bytes| {
        let asked = script.0.1.fetch_add(1, Ordering::Relaxed);
        let answers = &script.0.0;
        let (status, body) = answers[asked.min(answers.len() - 1)].clone();
        (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(say).with_state(script.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (app.beside(gateway::routes(None), &[("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str())]).await, script)
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_is_503_and_a_mistake_once_and_is_500() {
    let (app, _) = TestApp::on_dynamodb(gateway::routes(None)).await;
    let nobody = (UserId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
    let of = |name: &str| json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "no"});
    let (bad, internal) = (StatusCode::BAD_REQUEST, StatusCode::INTERNAL_SERVER_ERROR);
    let rows = [
        (bad, "ProvisionedThroughputExceededException", StatusCode::SERVICE_UNAVAILABLE, 3),
        (bad, "ThrottlingException", StatusCode::SERVICE_UNAVAILABLE, 3),
        (internal, "InternalServerError", StatusCode::SERVICE_UNAVAILABLE, 3),
        (bad, "ResourceNotFoundException", internal, 1),
        (bad, "AccessDeniedException", internal, 1),
        (bad, "ValidationException", internal, 1),
    ];
    for (status, name, expected, times) in rows {
        let (app, script) = scripted(&app, vec![(status, of(name))]).await;
        let refused = app.ctx().sessions().get(nobody.0, nobody.1, app.ctx().now()).await.expect_err(name);
        assert_eq!((refused.code().status(), script.asked()), (expected, times), "{name}");
    }
}

#[tokio::test]
async fn deletions_that_dynamodb_leaves_undone_are_asked_for_again() {
    let (app, table) = TestApp::on_dynamodb(gateway::routes(None)).await;
    let user = UserId(Uuid::from_u128(1));
    let key = json!({"user_id": {"S": user}, "session_id": {"S": Uuid::from_u128(2)}});
    let found = (StatusCode::OK, json!({"Items": [key], "Count": 1, "ScannedCount": 1}));
    let undone = json!({"UnprocessedItems": {&table.name: [{"DeleteRequest": {"Key": key}}]}});
    let undone = (StatusCode::OK, undone);
    let done = (StatusCode::OK, json!({"UnprocessedItems": {}}));

    let (one, script) = scripted(&app, vec![found.clone(), undone.clone(), undone.clone(), done]).await;
    let ended = one.ctx().sessions().revoke_all(user, None).await.expect("ended");
    assert_eq!((ended, script.asked()), (vec![SessionId(Uuid::from_u128(2))], 4));

    // Never: the caller is told, and does not think that they have ended.
    let (other, script) = scripted(&app, vec![found, undone]).await;
    let refused = other.ctx().sessions().revoke_all(user, None).await.expect_err("undone");
    assert_eq!((refused.code().status(), script.asked()), (StatusCode::SERVICE_UNAVAILABLE, 6));
}
