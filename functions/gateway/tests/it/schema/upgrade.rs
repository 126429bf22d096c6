//! Today's code on a database that the release before wrote.

use engine::{Content, Verified};
use http::{Method, StatusCode};
use platform::{
    ids::{CharacterId, UserId},
    store::{content_blobs, lives},
};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use testkit::app::TestApp;

use super::{CHARACTER, USER, upgraded};
use crate::story::Story;

#[tokio::test]
async fn a_life_of_the_release_before_is_read_and_goes_on() {
    let url = upgraded().await;
    let app = TestApp::with_settings(gateway::routes(None), &[("DATABASE_URL", &url)]).await;
    let credentials = json!({"username": "Lin_An", "password": "a long and quiet river"});
    let signed_in = app.post("/api/v1/auth/login", &credentials).send().await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.text());
    let token = signed_in.data()["access_token"].as_str().expect("a token").to_owned();

    let list = app.get("/api/v1/characters").token(&token).send().await.json();
    assert_eq!(list["meta"]["count"], 2, "{list}");
    let mut story = Story { app: &app, token, character: CHARACTER.to_owned(), version: 23 };
    let before = story.read("state").await.data();
    assert_eq!((&before["version"], &before["age"]), (&json!(23), &json!(16)));
    let events = story.read("events").await.data();
    assert_eq!(events.as_array().map(Vec::len), Some(19));

    // An answer that was stored before the upgrade is still the answer; the request is the same to the byte.
    let path = format!("/api/v1/game/advance/{CHARACTER}");
    let again = app.request(Method::POST, &path).token(&story.token).header("idempotency-key", "year 0");
    let replayed = again.raw("application/json", r#"{"expected_version": 2, "mode": "steady"}"#).send().await;
    assert_eq!((replayed.status, replayed.header("idempotency-replayed")), (StatusCode::OK, "true"));
    assert_eq!(replayed.data()["version"], 3);

    let question = &before["pending_decisions"][0];
    let answer = json!({"decision_id": question["decision_id"], "option_id": question["default_option_id"]});
    let decided = story.act("decision", answer, None).await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.text());
    story.version += 1;
    for _ in 0..3 {
        assert!(story.live_a_year().await, "it was to live on");
    }
    let after = story.read("state").await.data();
    assert!(after["age"].as_i64() > before["age"].as_i64(), "{after}");
}

/// Byte for byte where the fixture's content is this release's; where it has changed since, every hash still links up.
#[tokio::test]
async fn a_life_of_the_release_before_replays_from_its_log() {
    let url = upgraded().await;
    let mut db = PgConnection::connect(&url).await.expect("a connection");
    let builtin = Content::builtin().hash();
    let stored = content_blobs::load(&mut db, builtin).await.expect("a read").expect("the upgrade stored it");
    let app = TestApp::with_settings(gateway::routes(None), &[("DATABASE_URL", &url)]).await;
    let (user, character) = (UserId(USER.parse().expect("an id")), CharacterId(CHARACTER.parse().expect("an id")));
    let standing = lives::owned_by(app.ctx().db(), user, character).await.expect("a read").expect("a life");
    let log = lives::log(app.ctx().db(), user, character, standing.version).await.expect("a read");
    assert_eq!(log.len(), 23);

    let is_ours = log.iter().all(|entry| entry.content_hash == builtin && entry.rules_version == engine::RULES_VERSION);
    let replayed = engine::replay(|hash| (hash == stored.hash()).then_some(&*stored), &log).expect("a sound log");
    if is_ours {
        assert_eq!((replayed.verified, replayed.life), (Verified::Recomputed, Some(standing.life)));
    } else {
        assert_eq!(replayed.verified, Verified::Chain);
    }
}
