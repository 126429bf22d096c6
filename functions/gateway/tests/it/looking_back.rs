//! Looking back on a life: what was decided, why things happened, and whether the log still comes to the life.

use engine::{Blobs, Content, Input};
use http::StatusCode;
use platform::{
    ids::{CharacterId, UserId},
    store::lives,
};
use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::story::{Story, app};

async fn lived<'a>(app: &'a TestApp, username: &str, years: u16) -> Story<'a> {
    let mut story = Story::begun(app, username, "SE", 1985).await;
    for _ in 0..years {
        assert!(story.live_a_year().await, "it was to live on");
    }
    story
}

/// Lives so many years, and lets the dice decide wherever they can.
async fn live_boldly(story: &mut Story<'_>, years: u16) {
    for _ in 0..years {
        let mut lived = story.act("advance", json!({"mode": "steady"}), None).await;
        loop {
            assert_eq!(lived.status, StatusCode::OK, "{}", lived.text());
            story.version += 1;
            let Some(decision) = lived.data()["state"]["pending_decisions"].get(0).cloned() else { break };
            let mut options = decision["options"].as_array().expect("options").iter();
            let bold = options.find(|option| option["available"] == true && !option["odds"].is_null());
            let option = bold.map_or(&decision["default_option_id"], |option| &option["option_id"]);
            let answer = json!({"decision_id": decision["decision_id"], "option_id": option});
            lived = story.act("decision", answer, None).await;
        }
        assert_eq!(lived.data()["state"]["status"], "alive", "it was to live on");
    }
}

async fn why(story: &Story<'_>, event_seq: &str) -> testkit::app::TestAnswer {
    let path = format!("/api/v1/game/why/{}/{event_seq}", story.character);
    story.app.get(&path).token(&story.token).send().await
}

#[tokio::test]
async fn what_lives_a_life_again_has_a_limit_of_its_own() {
    // Without Redis limits are counted by the clock that stands still here.
    let settings = [("RATE_LIMIT_PERCENT", "100"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    let story = Story::begun(&app, "tireless", "SE", 1985).await;
    for _ in 0..30 {
        assert_eq!(story.read("replay").await.status, StatusCode::OK);
    }
    assert_eq!(story.read("replay").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(why(&story, "1").await.status, StatusCode::TOO_MANY_REQUESTS, "all of its kind count together");
    assert_eq!(story.read("state").await.status, StatusCode::OK, "reading goes on");
}

#[tokio::test]
async fn every_event_and_every_roll_can_be_explained() {
    let app = app().await;
    let mut story = Story::begun(&app, "curious", "SE", 1985).await;
    live_boldly(&mut story, 30).await;
    let path = format!("/api/v1/game/events/{}?limit=100&order=age_asc", story.character);
    let events = app.get(&path).token(&story.token).send().await.data();
    let mut rolls = 0;
    for event in events.as_array().expect("a list") {
        let answer = why(&story, &event["event_seq"].to_string()).await;
        assert_eq!(answer.status, StatusCode::OK, "{event}: {}", answer.text());
        let why = answer.data();
        assert_eq!((&why["event_id"], &why["title"]), (&event["event_id"], &event["title"]));
        assert!(why["draw"]["weight"].as_u64() <= why["draw"]["total_weight"].as_u64(), "{why}");
        if let Some(shown) = event["decision"]["odds"].as_object() {
            let options = why["options"].as_array().expect("options");
            let option = options.iter().find(|option| option["option_id"] == event["decision"]["option_id"]);
            let option = option.expect("what was rolled is explained");
            assert_eq!(option["odds"].as_object(), Some(shown), "the odds explained are the odds that were rolled");
            assert_eq!(option["factors"][0]["source"], "base");
            rolls += 1;
        }
    }
    assert!(rolls > 0, "nothing was rolled in 30 years");

    let (stranger, path) = (app.register("nosy").await, format!("/api/v1/game/why/{}/1", story.character));
    assert_eq!(app.get(&path).token(&stranger).send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(why(&story, "9999").await.status, StatusCode::NOT_FOUND);
    for wrong in ["-1", "one", "4294967296"] {
        let answer = why(&story, wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert_eq!(
            answer.error()["fields"],
            json!([{
                "field": "event_seq", "rule": "format", "message": "必须是接口给出的数字。"
            }])
        );
    }
}

/// Before the answer is given, the odds that are shown can be explained.
#[tokio::test]
async fn a_decision_that_waits_can_be_explained() {
    let app = app().await;
    let mut story = Story::begun(&app, "careful", "SE", 1985).await;
    for _ in 0..60 {
        let lived = story.act("advance", json!({"mode": "steady"}), None).await;
        assert_eq!(lived.status, StatusCode::OK, "{}", lived.text());
        story.version += 1;
        let state = lived.data()["state"].clone();
        let Some(decision) = state["pending_decisions"].get(0).cloned() else { continue };
        let explained = why(&story, decision["event_seq"].to_string().as_str()).await.data();
        let mut rolled = 0;
        for option in decision["options"].as_array().expect("options").iter().filter(|it| !it["odds"].is_null()) {
            let mut of = explained["options"].as_array().expect("options").iter();
            let of = of.find(|it| it["option_id"] == option["option_id"]).expect("it is explained");
            assert_eq!(of["odds"], option["odds"]);
            rolled += 1;
        }
        if rolled > 0 {
            return;
        }
        let answer = json!({"decision_id": decision["decision_id"], "option_id": decision["default_option_id"]});
        let decided = story.act("decision", answer, None).await;
        assert_eq!(decided.status, StatusCode::OK, "{}", decided.text());
        story.version += 1;
        while let Some(next) = story.read("state").await.data()["pending_decisions"].get(0) {
            let answer = json!({"decision_id": next["decision_id"], "option_id": next["default_option_id"]});
            assert_eq!(story.act("decision", answer, None).await.status, StatusCode::OK);
            story.version += 1;
        }
    }
    panic!("no decision with odds in sixty years");
}

#[tokio::test]
async fn decisions_are_told_with_what_came_of_them() {
    let app = app().await;
    let story = lived(&app, "decided", 40).await;
    let events = {
        let path = format!("/api/v1/game/events/{}?limit=100&order=age_asc", story.character);
        app.get(&path).token(&story.token).send().await.data()
    };
    let events = events.as_array().expect("a list");
    let (mut decisions, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/game/decisions/{}?order=age_asc&limit=3{cursor}", story.character);
        let page = app.get(&path).token(&story.token).send().await.json();
        decisions.extend(page["data"].as_array().expect("a list").iter().cloned());
        match page["meta"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let asked: Vec<_> = events.iter().filter(|event| !event["decision"].is_null()).collect();
    assert!(!asked.is_empty());
    assert!(decisions.len() >= asked.len(), "{} of {}", decisions.len(), asked.len());
    for (decision, event) in decisions.iter().zip(&asked) {
        assert_eq!(&decision["event"], *event);
        assert_eq!(decision["decision_id"], event["event_seq"].to_string());
        assert_ne!(decision["choice"], "", "{decision}");
        for caused in decision["caused"].as_array().expect("a list") {
            let later = events.iter().find(|event| event["event_seq"] == caused["event_seq"]);
            if let Some(later) = later {
                assert_eq!((&later["caused_by_seq"], &later["title"]), (&event["event_seq"], &caused["title"]));
            }
        }
    }
    let followed: Vec<_> =
        events.iter().filter(|later| asked.iter().any(|event| event["event_seq"] == later["caused_by_seq"])).collect();
    let told: usize = decisions.iter().map(|decision| decision["caused"].as_array().map_or(0, Vec::len)).sum();
    assert!(told >= followed.len(), "{told} of {}", followed.len());

    let newest = story.read("decisions").await.data();
    assert_eq!(newest[0], decisions[decisions.len() - 1]);
    let wrong = app.get(&format!("/api/v1/game/decisions/{}?cursor=x", story.character)).token(&story.token);
    assert_eq!(wrong.send().await.error()["fields"][0]["field"], "cursor");
}

async fn replayed(app: &TestApp, story: &Story<'_>) -> Value {
    let path = format!("/api/v1/game/replay/{}", story.character);
    app.get(&path).token(&story.token).send().await.data()
}

#[tokio::test]
async fn a_log_that_was_tampered_with_is_found_out() {
    let app = app().await;
    let story = lived(&app, "honest", 5).await;
    let sound = replayed(&app, &story).await;
    assert_eq!((&sound["verified"], &sound["failed_entry"]), (&json!("recomputed"), &Value::Null), "{sound}");
    assert_eq!(sound["content_hashes"], json!([Content::builtin().hash().to_string()]));

    let tampered = "UPDATE life_log SET outcome = outcome || '\\x20' WHERE character_id = $1 AND seq = 3";
    let id: uuid::Uuid = story.character.parse().expect("a uuid");
    sqlx::query(tampered).bind(id).execute(app.ctx().db()).await.expect("tampered with");
    // Another process, which has not verified it before.
    let beside = app.beside(gateway::routes(None), &[]).await;
    let found = replayed(&beside, &story).await;
    assert_eq!((&found["verified"], &found["failed_entry"]), (&json!("failed"), &json!(3)), "{found}");
}

/// A life that was begun under the content of an earlier release is replayed, explained and branched by that content.
#[tokio::test]
async fn a_life_of_earlier_content_is_lived_again_by_that_content() {
    let app = app().await;
    let story = lived(&app, "earlier", 6).await;
    let builtin = Content::builtin_blobs();
    // The release before had these very rules; one text was mended since.
    let mut text = builtin.texts[0].to_vec();
    text.push(0);
    let earlier = Blobs { texts: [&text, builtin.texts[1]], ..builtin };
    let content = Content::from_blobs(earlier).expect("readable");
    rewrite_under(&app, &story, &content).await;

    // What was cached of it before it was rewritten, these processes do not see.
    let namespace = format!("{}-later", app.ctx().config().redis_namespace);
    let later = [("REDIS_NAMESPACE", namespace.as_str())];
    let beside = app.beside(gateway::routes(None), &later).await;
    let path = format!("/api/v1/game/branch/{}", story.character);
    let branch = async |app: &TestApp| app.post(&path, &json!({"from_age": 4})).token(&story.token).send().await;
    assert_eq!(replayed(&beside, &story).await["verified"], "chain", "it is not at hand");
    assert_eq!(branch(&beside).await.error()["reason"], "RULES_CHANGED");
    assert_eq!(why(&Story { app: &beside, ..earlier_story(&story) }, "1").await.error()["reason"], "RULES_CHANGED");

    store(&app, &earlier).await;
    let after = app.beside(gateway::routes(None), &later).await;
    let found = replayed(&after, &story).await;
    assert_eq!(
        (&found["verified"], &found["content_hashes"]),
        (&json!("recomputed"), &json!([content.hash().to_string()]))
    );
    let branched = branch(&after).await;
    assert_eq!((branched.status, &branched.data()["state"]["age"]), (StatusCode::CREATED, &json!(4)));
    let explained = why(&Story { app: &after, ..earlier_story(&story) }, "1").await;
    assert_eq!(explained.status, StatusCode::OK, "{}", explained.text());

    // It goes on under today's content, and both are told.
    let mut goes_on = Story { app: &after, ..earlier_story(&story) };
    assert!(goes_on.live_a_year().await);
    let found = replayed(&after, &goes_on).await;
    assert_eq!(found["verified"], "recomputed", "{found}");
    assert_eq!(found["content_hashes"], json!([content.hash().to_string(), Content::builtin().hash().to_string()]));
}

fn earlier_story<'a>(story: &Story<'a>) -> Story<'a> {
    Story { app: story.app, token: story.token.clone(), character: story.character.clone(), version: story.version }
}

/// Writes the life's log as it had been, had it been lived under `content`, whose rules are the same.
async fn rewrite_under(app: &TestApp, story: &Story<'_>, content: &Content) {
    let profile = app.get("/api/v1/auth/profile").token(&story.token).send().await.data();
    let user = UserId(profile["user_id"].as_str().expect("an id").parse().expect("a uuid"));
    let character = CharacterId(story.character.parse().expect("a uuid"));
    let db = app.ctx().db();
    let mut log = lives::log(db, user, character, story.version).await.expect("a read");
    let mut previous: Vec<u8> = Vec::new();
    for entry in &mut log {
        assert!(matches!(entry.input, Input::Birth { .. }) == (entry.seq == 0));
        entry.content_hash = content.hash();
        entry.hash = entry.link(&previous);
        previous = entry.hash.to_vec();
        sqlx::query("UPDATE life_log SET content_hash = $3, hash = $4 WHERE character_id = $1 AND seq = $2")
            .bind(character)
            .bind(i32::try_from(entry.seq).expect("few"))
            .bind(entry.content_hash.0.as_slice())
            .bind(entry.hash.as_slice())
            .execute(db)
            .await
            .expect("rewritten");
    }
    let state: Vec<u8> = sqlx::query_scalar("SELECT state FROM lives WHERE character_id = $1")
        .bind(character)
        .fetch_one(db)
        .await
        .expect("a state");
    let mut state: Value = serde_json::from_slice(&state).expect("JSON");
    state["life"]["head"] = json!(hex::encode(&previous));
    sqlx::query("UPDATE lives SET state = $2 WHERE character_id = $1")
        .bind(character)
        .bind(serde_json::to_vec(&state).expect("JSON"))
        .execute(db)
        .await
        .expect("rewritten");
}

/// What the job of that release had stored.
async fn store(app: &TestApp, blobs: &Blobs<'_>) {
    sqlx::query(
        "INSERT INTO content_blobs (content_hash, rules_version, rules, locales, texts, created_at)
         VALUES ($1, $2, $3, $4, $5, now())",
    )
    .bind(blobs.hash().0.as_slice())
    .bind(i32::try_from(engine::RULES_VERSION).expect("few"))
    .bind(blobs.rules)
    .bind(vec!["zh-CN", "en"])
    .bind(blobs.texts.as_slice())
    .execute(app.ctx().db())
    .await
    .expect("stored");
}
