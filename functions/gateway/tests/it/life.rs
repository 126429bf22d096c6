//! One life, end to end: registered, dealt, begun, lived year by year, decided, ended, and replayed from its log.

use engine::Content;
use http::StatusCode;
use platform::{
    ids::{CharacterId, UserId},
    store::lives,
};
use serde_json::{Value, json};

use crate::story::{Story, app};

#[tokio::test]
async fn a_person_registers_lives_and_dies() {
    let app = app().await;
    let mut story = Story::begun(&app, "lin_an", "CN", 1962).await;
    while story.live_a_year().await {}

    let state = story.read("state").await.data();
    assert_eq!(state["status"], "dead");
    assert_eq!(state["can"], json!([]));
    assert_eq!(state["death"]["age"], state["age"]);
    let after = story.act("advance", json!({"mode": "steady"}), None).await;
    assert_eq!((after.status, &after.error()["reason"]), (StatusCode::CONFLICT, &json!("LIFE_ENDED")));

    let events = every_event(&story).await;
    assert!(events.windows(2).all(|pair| pair[0]["event_seq"].as_i64() < pair[1]["event_seq"].as_i64()));
    assert!(events.iter().all(|event| !event["title"].as_str().unwrap_or_default().is_empty()));
    assert_replays(&story, &state).await;
}

/// All events, oldest first, page by page.
async fn every_event(story: &Story<'_>) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/game/events/{}?order=age_asc&limit=7{cursor}", story.character);
        let page = story.app.get(&path).token(&story.token).send().await.json();
        let items = page["data"].as_array().expect("a list");
        assert_eq!(page["meta"]["count"], items.len());
        events.extend(items.iter().cloned());
        match page["meta"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return events,
        }
    }
}

/// The stored log gives the very same life back.
async fn assert_replays(story: &Story<'_>, state: &Value) {
    let profile = story.app.get("/api/v1/auth/profile").token(&story.token).send().await.data();
    let user = UserId(profile["user_id"].as_str().expect("an id").parse().expect("a uuid"));
    let character = CharacterId(story.character.parse().expect("a uuid"));
    let db = story.app.ctx().db();
    let stored = lives::owned_by(db, user, character).await.expect("a read").expect("a life");
    let log = lives::log(db, user, character, stored.version).await.expect("a read");
    let replayed = engine::replay(|_| Some(Content::builtin()), &log).expect("a sound log");
    assert_eq!(replayed.life, Some(stored.life));
    assert_eq!(replayed.verified, engine::Verified::Recomputed);
    assert_eq!(state["version"], stored.version);
}
