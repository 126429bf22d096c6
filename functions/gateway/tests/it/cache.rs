//! What a request costs behind the server, and that no cache ever answers with what was true before.

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp, Trips};

use crate::story::{Story, app};

const WARM_READ: Trips = Trips { redis: 1, sql: 0 };
const WARM_WRITE: Trips = Trips { redis: 2, sql: 1 };

/// Every read of a life, a list and an account.
fn reads(story: &Story<'_>) -> [String; 5] {
    let id = &story.character;
    [
        format!("/api/v1/game/state/{id}"),
        format!("/api/v1/characters/{id}"),
        format!("/api/v1/game/events/{id}?limit=5&type=random"),
        "/api/v1/characters".to_owned(),
        "/api/v1/auth/profile".to_owned(),
    ]
}

async fn get(app: &TestApp, path: &str, token: &str) -> TestAnswer {
    app.get(path).token(token).send().await
}

#[tokio::test]
async fn a_warm_read_asks_redis_once_and_postgres_never() {
    let app = app().await;
    let mut story = Story::begun(&app, "warm", "CN", 1990).await;
    story.live_a_year().await;
    for path in reads(&story) {
        let first = get(&app, &path, &story.token).await;
        assert_eq!(first.status, StatusCode::OK, "{path}: {}", first.text());
        let again = get(&app, &path, &story.token).await;
        assert_eq!((again.trips(), &again.body), (WARM_READ, &first.body), "{path}");
        assert_eq!(again.header("etag"), first.header("etag"), "{path}");
        let unchanged = app.get(&path).token(&story.token).header("if-none-match", first.header("etag")).send().await;
        assert_eq!((unchanged.status, unchanged.trips()), (StatusCode::NOT_MODIFIED, WARM_READ), "{path}");
    }
}

#[tokio::test]
async fn what_one_process_loaded_another_finds_in_redis() {
    let app = app().await;
    let mut story = Story::begun(&app, "beside", "CN", 1990).await;
    story.live_a_year().await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    for path in reads(&story) {
        let here = get(&app, &path, &story.token).await;
        let there = get(&beside, &path, &story.token).await;
        assert_eq!(there.body, here.body, "{path}");
        // A page of events is rendered from its own table; L2 holds one value an aggregate.
        let sql = u32::from(path.contains("/events/"));
        assert_eq!(there.trips(), Trips { redis: 1, sql }, "{path}");
    }
}

#[tokio::test]
async fn a_warm_year_asks_redis_twice_and_postgres_once() {
    let app = app().await;
    let mut story = Story::begun(&app, "years", "CN", 1990).await;
    for _ in 0..10 {
        let lived = story.act("advance", json!({"mode": "steady"}), Some(&format!("year {}", story.version))).await;
        assert_eq!((lived.status, lived.trips()), (StatusCode::OK, WARM_WRITE), "{}", lived.text());
        story.version += 1;
        let data = lived.data();
        if let Some(decision) = data["state"]["pending_decisions"].get(0) {
            let body = json!({"decision_id": decision["decision_id"], "option_id": decision["default_option_id"]});
            let decided = story.act("decision", body, None).await;
            assert_eq!((decided.status, decided.trips()), (StatusCode::OK, WARM_WRITE), "{}", decided.text());
            story.version += 1;
        }
        let state = story.read("state").await;
        assert_eq!((state.trips(), state.data()["version"].clone()), (WARM_READ, story.version.into()));
    }
    let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
    let dealt = app.post("/api/v1/characters", &body).token(&story.token).send().await;
    assert_eq!((dealt.status, dealt.trips()), (StatusCode::CREATED, WARM_WRITE), "{}", dealt.text());
}

#[tokio::test]
async fn what_one_process_wrote_no_other_misses() {
    let app = app().await;
    let mut story = Story::begun(&app, "both", "CN", 1990).await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    for _ in 0..5 {
        for path in reads(&story) {
            get(&beside, &path, &story.token).await;
        }
        story.live_a_year().await;
        let state = get(&beside, &format!("/api/v1/game/state/{}", story.character), &story.token).await;
        assert_eq!(state.data()["version"], story.version);
        let character = get(&beside, &format!("/api/v1/characters/{}", story.character), &story.token).await;
        assert_eq!(character.data()["version"], story.version);
        let listed = get(&beside, "/api/v1/characters", &story.token).await;
        assert_eq!(listed.data()[0]["version"], story.version);
        let events = get(&beside, &format!("/api/v1/game/events/{}", story.character), &story.token).await;
        let newest = events.data()[0]["event_seq"].as_i64();
        assert_eq!(
            newest,
            get(&app, &format!("/api/v1/game/events/{}", story.character), &story.token).await.data()[0]["event_seq"]
                .as_i64()
        );
    }
}
