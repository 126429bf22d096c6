//! What becomes of characters: drafts dealt again, characters given up, had back, and forgotten for good.

use engine::Verified;
use http::{Method, StatusCode};
use platform::{
    ids::{CharacterId, UserId},
    store::lives,
};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use testkit::app::{TestAnswer, TestApp, Trips};
use uuid::Uuid;

use crate::{
    another_way::get,
    jobs::gateway,
    saves::saved,
    story::{Story, app},
};

const WARM_WRITE: Trips = Trips { redis: 2, sql: 1 };

async fn send(story: &Story<'_>, method: Method, more: &str, body: Option<Value>, key: Option<&str>) -> TestAnswer {
    let path = format!("/api/v1/characters/{}{more}", story.character);
    let mut request = story.app.request(method, &path).token(&story.token);
    if let Some(body) = &body {
        request = request.json(body);
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.send().await
}

async fn reroll(story: &Story<'_>, key: Option<&str>) -> TestAnswer {
    send(story, Method::POST, "/reroll", Some(json!({"expected_version": story.version})), key).await
}

async fn update(story: &Story<'_>, mut wishes: Value) -> TestAnswer {
    wishes["expected_version"] = story.version.into();
    send(story, Method::PUT, "", Some(wishes), None).await
}

async fn delete(story: &Story<'_>) -> TestAnswer {
    send(story, Method::DELETE, "", None, None).await
}

async fn restore(story: &Story<'_>) -> TestAnswer {
    send(story, Method::POST, "/restore", None, None).await
}

async fn listed(story: &Story<'_>) -> Vec<Value> {
    get(story, "/api/v1/characters").await.data().as_array().expect("a list").clone()
}

fn refused(answer: &TestAnswer, reason: &str) {
    assert_eq!((answer.status, &answer.error()["reason"]), (StatusCode::CONFLICT, &json!(reason)), "{}", answer.text());
}

/// Whether the stored life is the one its log gives.
async fn assert_replays(app: &TestApp, character: &str) {
    let character = CharacterId(character.parse().expect("an id"));
    let owner: Uuid = sqlx::query_scalar("SELECT user_id FROM lives WHERE character_id = $1")
        .bind(character)
        .fetch_one(app.ctx().db())
        .await
        .expect("an owner");
    let db = app.ctx().db();
    let standing = lives::owned_by(db, UserId(owner), character).await.expect("a read").expect("a life");
    let log = lives::log(db, UserId(owner), character, standing.version).await.expect("a read");
    let builtin = engine::Content::builtin();
    let verified = engine::verify(|hash| (hash == builtin.hash()).then_some(builtin), &log, &standing.life);
    assert_eq!(verified, Ok(Verified::Recomputed));
}

#[tokio::test]
async fn a_draft_is_dealt_again_until_it_begins() {
    let app = app().await;
    let mut story = Story::draft(&app, "roller", "SE", 1985).await;
    listed(&story).await;
    let before = send(&story, Method::GET, "", None, None).await.data();
    let first = reroll(&story, Some("again")).await;
    assert_eq!((first.status, first.trips()), (StatusCode::OK, WARM_WRITE), "{}", first.text());
    let rolled = first.data();
    assert_eq!((&rolled["rerolls_used"], &rolled["version"]), (&json!(1), &json!(2)));
    assert_ne!((&rolled["attributes"], &rolled["family"]), (&before["attributes"], &before["family"]));
    assert_eq!(rolled["character_name"], before["character_name"]);
    let again = reroll(&story, Some("again")).await;
    assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, "true"));
    assert_eq!(reroll(&story, None).await.status, StatusCode::PRECONDITION_FAILED);
    story.version = 2;

    let renamed = update(&story, json!({"character_name": "林平", "ethnicity": "Sami", "ranked": false})).await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.text());
    let renamed = renamed.data();
    assert_eq!(
        (&renamed["character_name"], &renamed["ethnicity"], &renamed["ranked"], &renamed["rerolls_used"]),
        (&json!("林平"), &json!("Sami"), &json!(false), &json!(1))
    );
    assert_eq!(renamed["attributes"], rolled["attributes"], "the dice stay as they fell");
    assert_eq!(send(&story, Method::GET, "", None, None).await.data(), renamed, "what was answered is what is there");
    let shown = &listed(&story).await[0];
    assert_eq!(
        (&shown["character_name"], &shown["ranked"], &shown["version"]),
        (&json!("林平"), &json!(false), &json!(3))
    );
    story.version = 3;
    assert_eq!(update(&story, json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for times in 2..=10 {
        assert_eq!(reroll(&story, None).await.data()["rerolls_used"], times);
        story.version += 1;
    }
    refused(&reroll(&story, None).await, "QUOTA_REACHED");
    assert_replays(&app, &story.character).await;

    assert_eq!(story.act("start", json!({}), None).await.status, StatusCode::OK);
    story.version += 1;
    refused(&reroll(&story, None).await, "ALREADY_STARTED");
    refused(&update(&story, json!({"character_name": "x"})).await, "ALREADY_STARTED");
    assert!(story.live_a_year().await);
    assert_replays(&app, &story.character).await;
}

/// Of several who deal one draft anew at once, one does; the others are told that it is another by now.
#[tokio::test]
async fn a_draft_is_dealt_again_once_for_each_version() {
    let app = app().await;
    let story = Story::draft(&app, "many_hands", "SE", 1985).await;
    let answers = futures_util::future::join_all((0..20).map(|_| reroll(&story, None))).await;
    let done = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    let told = answers.iter().filter(|answer| answer.status == StatusCode::PRECONDITION_FAILED).count();
    assert_eq!((done, told), (1, 19));
    assert_replays(&app, &story.character).await;
}

#[tokio::test]
async fn a_character_given_up_is_gone_everywhere_and_can_be_had_back() {
    let app = app().await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    let mut story = Story::begun(&app, "quitter", "SE", 1985).await;
    assert!(story.live_a_year().await);
    saved(&story, "kept").await;
    let state = story.read("state").await.data();
    let path = format!("/api/v1/game/state/{}", story.character);
    assert_eq!(beside.get(&path).token(&story.token).send().await.data(), state, "it is warm there too");
    assert_eq!(listed(&story).await.len(), 1);

    let stranger =
        Story { app: &app, token: app.register("stranger").await, character: story.character.clone(), version: 1 };
    assert_eq!(delete(&stranger).await.status, StatusCode::NOT_FOUND);
    assert_eq!(restore(&stranger).await.status, StatusCode::NOT_FOUND);

    let gone = delete(&story).await;
    assert_eq!((gone.status, gone.trips()), (StatusCode::OK, WARM_WRITE), "{}", gone.text());
    assert_eq!(gone.data()["character_id"], story.character.as_str());
    assert_eq!(delete(&story).await.status, StatusCode::NOT_FOUND);
    for path in
        [&path, &format!("/api/v1/saves/{}", story.character), &format!("/api/v1/characters/{}", story.character)]
    {
        assert_eq!(get(&story, path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(beside.get(path).token(&story.token).send().await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(story.act("advance", json!({"mode": "steady"}), None).await.status, StatusCode::NOT_FOUND);
    assert!(listed(&story).await.is_empty());
    assert_eq!(beside.get("/api/v1/characters").token(&story.token).send().await.data(), json!([]));
    assert_eq!(restore(&stranger).await.status, StatusCode::NOT_FOUND);

    let back = restore(&story).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text());
    assert_eq!(restore(&story).await.data(), back.data(), "restoring what is there changes nothing");
    let mut after = story.read("state").await.data();
    story.version += 2;
    assert_eq!(after["version"], story.version);
    after["version"] = state["version"].clone();
    assert_eq!(after, state);
    assert_eq!(listed(&story).await.len(), 1);
    assert!(story.live_a_year().await, "it lives on");
}

/// A request that read the life before it was given up does not move it.
#[tokio::test]
async fn a_year_and_a_farewell_at_once_leave_no_half() {
    let app = app().await;
    let story = Story::begun(&app, "torn", "SE", 1985).await;
    let (advanced, gone) = tokio::join!(story.act("advance", json!({"mode": "steady"}), None), delete(&story));
    assert_eq!(gone.status, StatusCode::OK);
    assert!(
        [StatusCode::OK, StatusCode::PRECONDITION_FAILED, StatusCode::NOT_FOUND].contains(&advanced.status),
        "{}",
        advanced.text()
    );
    assert_eq!(story.read("state").await.status, StatusCode::NOT_FOUND);
    assert_eq!(restore(&story).await.status, StatusCode::OK);
    let age = story.read("state").await.data()["age"].clone();
    assert_eq!(age, if advanced.status == StatusCode::OK { json!(1) } else { json!(0) });
    assert_replays(&app, &story.character).await;
}

#[tokio::test]
async fn what_was_given_up_a_month_ago_is_forgotten_for_good() {
    let url = testkit::database::fresh().await.expect("a database");
    let app = TestApp::with_settings(gateway::routes(None), &[("DATABASE_URL", &url)]).await;
    let mut old = Story::begun(&app, "old_hand", "SE", 1985).await;
    assert!(old.live_a_year().await);
    saved(&old, "gone too").await;
    let branch = app
        .post(&format!("/api/v1/game/branch/{}", old.character), &json!({"from_age": 0}))
        .token(&old.token)
        .send()
        .await;
    assert_eq!(branch.status, StatusCode::CREATED, "{}", branch.text());
    let fresh = Story::draft(&app, "new_hand", "SE", 1985).await;
    for story in [&old, &fresh] {
        assert_eq!(delete(story).await.status, StatusCode::OK);
    }
    // The job goes by the real clock, the application by its own.
    let aged = "UPDATE characters
        SET deleted_at = now() - CASE character_id WHEN $1 THEN interval '31 days' ELSE interval '29 days' END
        WHERE deleted_at IS NOT NULL";
    let id: Uuid = old.character.parse().expect("an id");
    sqlx::query(aged).bind(id).execute(app.ctx().db()).await.expect("aged");

    let ran = gateway(&url, &["job", "purge-characters"]).await;
    assert!(ran.succeeded, "{}", ran.stderr);
    assert_eq!(ran.said("characters that were given up are forgotten")["deleted"], 1);
    let mut db = PgConnection::connect(&url).await.expect("a connection");
    for table in ["characters", "lives", "life_log", "events", "decisions", "game_saves", "character_attributes"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE character_id = $1"));
        let left: i64 = sqlx::query_scalar(sql).bind(id).fetch_one(&mut db).await.expect("a count");
        assert_eq!(left, 0, "{table}");
    }
    assert_eq!(restore(&old).await.status, StatusCode::NOT_FOUND, "too late");
    assert_eq!(restore(&fresh).await.status, StatusCode::OK);
    let child = branch.data()["character_id"].as_str().expect("an id").to_owned();
    assert_eq!(get(&old, &format!("/api/v1/characters/{child}")).await.status, StatusCode::OK, "the branch stays");
    let parent: Option<Uuid> = sqlx::query_scalar("SELECT parent_character_id FROM characters WHERE character_id = $1")
        .bind(child.parse::<Uuid>().expect("an id"))
        .fetch_one(&mut db)
        .await
        .expect("a row");
    assert_eq!(parent, None, "and has no parent");
    let again = gateway(&url, &["job", "purge-characters"]).await;
    assert_eq!(again.said("characters that were given up are forgotten")["deleted"], 0);
}

/// As many characters as an account may have, copied from one.
const CROWD: &str = "
    INSERT INTO characters (character_id, user_id, lineage_id, character_name, birth_country, birth_year, ranked, created_at)
    SELECT gen_random_uuid(), user_id, lineage_id, character_name, birth_country, birth_year, ranked, created_at
    FROM characters, generate_series(2, 500) WHERE is_active";

#[tokio::test]
async fn an_account_has_room_for_five_hundred_characters() {
    let app = app().await;
    let story = Story::begun(&app, "populous", "SE", 1985).await;
    let save = saved(&story, "one").await;
    assert_eq!(delete(&story).await.status, StatusCode::OK);
    let body = json!({"character_name": "林安", "birth_country": "SE", "birth_year": 1985});
    let create = async || app.post("/api/v1/characters", &body).token(&story.token).send().await;
    let next = create().await.data()["character_id"].as_str().expect("an id").to_owned();
    let clones = sqlx::query(CROWD).execute(app.ctx().db()).await.expect("a crowd");
    assert_eq!(clones.rows_affected(), 499);
    let full = create().await;
    refused(&full, "QUOTA_REACHED");
    assert_eq!(full.error()["details"]["limit"], 500);
    refused(&restore(&story).await, "QUOTA_REACHED");
    let other = Story { app: &app, token: story.token.clone(), character: next, version: 1 };
    assert_eq!(delete(&other).await.status, StatusCode::OK);
    assert_eq!(restore(&story).await.status, StatusCode::OK);
    refused(&restore(&other).await, "QUOTA_REACHED");
    let load = format!("/api/v1/saves/{}/{save}/load", story.character);
    refused(&app.post(&load, &json!({})).token(&story.token).send().await, "QUOTA_REACHED");
}

#[tokio::test]
async fn what_a_character_is_made_of_is_what_its_state_says() {
    let app = app().await;
    let mut story = Story::begun(&app, "measured", "SE", 1985).await;
    assert!(story.live_a_year().await);
    let state = story.read("state").await.data();
    let made = send(&story, Method::GET, "/attributes", None, None).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    for field in ["attributes", "skills", "health", "happiness", "age", "version"] {
        assert_eq!(made.data()[field], state[field], "{field}");
    }
    let warm = send(&story, Method::GET, "/attributes", None, None).await;
    assert_eq!((warm.trips(), warm.body), (Trips { redis: 1, sql: 0 }, made.body));
}
