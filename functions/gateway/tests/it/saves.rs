//! Saves: what the game keeps by itself, what a player keeps, and going on from it as another life.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use platform::store::STATEMENTS;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::app::{TestAnswer, Trips};
use uuid::Uuid;

use crate::{
    another_way::{all, begun, get, lived},
    story::{Story, app},
};

async fn post(story: &Story<'_>, path: &str, body: &Value, key: Option<&str>) -> TestAnswer {
    let request = story.app.post(path, body).token(&story.token);
    match key {
        Some(key) => request.header("idempotency-key", key).send().await,
        None => request.send().await,
    }
}

async fn save(story: &Story<'_>, name: &str, key: Option<&str>) -> TestAnswer {
    let body = json!({"expected_version": story.version, "save_name": name, "description": "-"});
    post(story, &format!("/api/v1/saves/{}", story.character), &body, key).await
}

/// Keeps the present moment; its id.
pub(crate) async fn saved(story: &Story<'_>, name: &str) -> String {
    let answer = save(story, name, None).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.data()["save_id"].as_str().expect("an id").to_owned()
}

async fn load(story: &Story<'_>, save: &str, key: Option<&str>) -> TestAnswer {
    post(story, &format!("/api/v1/saves/{}/{save}/load", story.character), &json!({}), key).await
}

async fn list(story: &Story<'_>, query: &str) -> TestAnswer {
    get(story, &format!("/api/v1/saves/{}?{query}", story.character)).await
}

fn refused(answer: &TestAnswer, status: StatusCode, reason: &str) {
    assert_eq!((answer.status, &answer.error()["reason"]), (status, &json!(reason)), "{}", answer.text());
}

#[tokio::test]
async fn the_game_keeps_a_moment_where_a_new_part_of_life_begins() {
    let app = app().await;
    let mut story = Story::begun(&app, "autosaver", "SE", 1985).await;
    // Ten years at a time: the moment kept is that of the birthday, not that of the end of the request.
    loop {
        let answer = story.act("advance", json!({"mode": "steady", "years": 10, "on_pending": "default"}), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.trips(), Trips { redis: 2, sql: 1 }, "what is kept is kept by the statement of the year");
        app.world().wait(1);
        story.version += 1;
        if answer.data()["state"]["age"].as_i64() >= Some(20) {
            break;
        }
    }
    let kept = list(&story, "type=auto").await.data();
    let kept: Vec<_> = kept.as_array().expect("a list").iter().collect();
    let ages: Vec<_> = kept.iter().map(|save| (&save["life_stage"], save["current_age"].as_i64())).collect();
    assert_eq!(ages, [(&json!("youth"), Some(19)), (&json!("adolescence"), Some(13)), (&json!("childhood"), Some(4))]);
    assert_eq!(kept[0]["save_name"], "青年 · 19 岁");
    assert!(kept[0]["thumbnail"].as_str().is_some_and(|svg| svg.starts_with("<svg ") && svg.ends_with("</svg>")));
    let milestones = list(&story, "type=milestone").await.data();
    for milestone in milestones.as_array().expect("a list") {
        assert_eq!(milestone["is_quick"], false);
        assert!(milestone["save_name"].as_str().is_some_and(|name| !name.is_empty()), "{milestone}");
    }

    let answer = load(&story, kept[2]["save_id"].as_str().expect("an id"), None).await;
    let child = begun(&story, &answer);
    assert_eq!(answer.data()["branched_at_age"], 4);
    assert_eq!(answer.data()["state"]["life_stage"], "childhood");
    let replayed = get(&child, &format!("/api/v1/game/replay/{}", child.character)).await.data();
    assert_eq!(replayed["verified"], "recomputed", "{replayed}");
}

#[tokio::test]
async fn a_loaded_save_is_a_life_of_its_own_that_goes_on_like_it() {
    let app = app().await;
    let mut old = lived(&app, "saver", 9).await;
    let (at_nine, events) = (old.read("state").await.data(), all(&old, "events").await);
    let kept = saved(&old, "九岁").await;
    for _ in 0..6 {
        assert!(old.live_a_year().await);
    }
    let before = (old.read("state").await.body, all(&old, "events").await);

    let shown = get(&old, &format!("/api/v1/saves/{}/{kept}", old.character)).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
    assert_eq!((&shown.data()["state"], &shown.data()["save"]["save_name"]), (&at_nine, &json!("九岁")));

    let answer = load(&old, &kept, None).await;
    let mut new = begun(&old, &answer);
    let data = answer.data();
    assert_eq!(
        (&data["parent_character_id"], &data["branched_at_age"], &data["ranked"]),
        (&json!(old.character), &json!(9), &json!(false))
    );
    assert_eq!(all(&new, "events").await, events, "the past is shared up to the save");
    for _ in 0..6 {
        assert!(new.live_a_year().await);
    }
    assert_eq!(all(&new, "events").await, before.1, "lived the same way, the same years bring the same");
    assert_eq!((old.read("state").await.body, all(&old, "events").await), before, "the old life stays as it is");
}

#[tokio::test]
async fn twenty_equal_loads_are_one_life_and_an_answer_is_given_again() {
    let app = app().await;
    let story = lived(&app, "twenty", 2).await;
    let first = save(&story, "once", Some("a save")).await;
    let again = save(&story, "once", Some("a save")).await;
    assert_eq!((first.status, &first.body), (StatusCode::CREATED, &again.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    refused(&save(&story, "another", Some("a save")).await, StatusCode::UNPROCESSABLE_ENTITY, "KEY_REUSED");
    let kept = first.data()["save_id"].as_str().expect("an id").to_owned();

    let loads = futures_util::future::join_all((0..20).map(|_| load(&story, &kept, Some("a load")))).await;
    let bodies: BTreeSet<_> = loads.iter().map(|answer| (answer.status.as_u16(), answer.body.clone())).collect();
    assert_eq!(bodies.len(), 1, "{:?}", loads.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert_eq!(get(&story, "/api/v1/characters").await.json()["meta"]["count"], 2);
    let manual = list(&story, "type=manual").await.json();
    assert_eq!(manual["meta"]["count"], 1);
}

#[tokio::test]
async fn the_quick_slot_is_written_over() {
    let app = app().await;
    let mut story = lived(&app, "quick", 3).await;
    assert_eq!(story.act("load", json!({}), None).await.status, StatusCode::NOT_FOUND, "nothing is in it");
    let first = story.act("save", json!({}), None).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    assert!(story.live_a_year().await);
    let second = story.act("save", json!({}), None).await.data();
    assert_eq!((&second["is_quick"], &second["current_age"]), (&json!(true), &json!(4)));
    let manual = list(&story, "type=manual").await.data();
    assert_eq!(manual, json!([second]), "what is listed is what was answered");
    let answer = story.act("load", json!({}), None).await;
    assert_eq!((answer.status, &answer.data()["branched_at_age"]), (StatusCode::CREATED, &json!(4)));
    let mut behind = Story { app: &app, token: story.token.clone(), character: story.character.clone(), version: 3 };
    refused(&behind.act("save", json!({}), None).await, StatusCode::PRECONDITION_FAILED, "VERSION_MISMATCH");
    refused(&behind.act("load", json!({}), None).await, StatusCode::PRECONDITION_FAILED, "VERSION_MISMATCH");
    behind.version = story.version;
    assert_eq!(behind.act("load", json!({}), None).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_cannot_be_saved_or_loaded_is_refused() {
    let app = app().await;
    let draft = Story::draft(&app, "drafted", "SE", 1985).await;
    refused(&save(&draft, "x", None).await, StatusCode::CONFLICT, "NOT_STARTED");
    let mut story = Story::begun(&app, "mortal", "CN", 1850).await;
    let kept = saved(&story, "早").await;
    while story.live_a_year().await {}
    refused(&save(&story, "late", None).await, StatusCode::CONFLICT, "LIFE_ENDED");
    assert_eq!(load(&story, &kept, None).await.status, StatusCode::CREATED, "the dead go back");

    let path = format!("/api/v1/saves/{}/{kept}", story.character);
    let delete = async |token: &str| app.request(Method::DELETE, &path).token(token).send().await;
    assert_eq!(delete(&draft.token).await.status, StatusCode::NOT_FOUND, "a stranger");
    let crossed = format!("/api/v1/saves/{}/{kept}", draft.character);
    assert_eq!(get(&draft, &crossed).await.status, StatusCode::NOT_FOUND, "another life's save");
    assert_eq!(get(&story, &path).await.status, StatusCode::OK);
    assert_eq!(delete(&story.token).await.data(), json!({"save_id": kept}));
    assert_eq!(delete(&story.token).await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&story, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(load(&story, &kept, None).await.status, StatusCode::NOT_FOUND);
}

/// A save `n` times, beside itself.
const COPIES: &str = "
    INSERT INTO game_saves
    SELECT gen_random_uuid(), character_id, save_type, is_quick, save_name, description, event_id, version, age, year,
           life_stage, happiness, physical, entries, snapshot, digest, content_hash, rules_version, created_at
    FROM game_saves, generate_series(2, 1000) WHERE character_id = $1";

#[tokio::test]
async fn a_thousand_saves_are_the_most_and_a_page_of_them_costs_a_page() {
    let app = app().await;
    let story = Story::begun(&app, "hoarder", "SE", 1985).await;
    saved(&story, "first").await;
    let character: Uuid = story.character.parse().expect("an id");
    sqlx::query(COPIES).bind(character).execute(app.ctx().db()).await.expect("copied");
    let full = save(&story, "one more", None).await;
    refused(&full, StatusCode::CONFLICT, "QUOTA_REACHED");
    assert_eq!(full.error()["details"]["limit"], 1000);
    assert_eq!(story.act("save", json!({}), None).await.status, StatusCode::CREATED, "the quick slot is beside them");

    let (mut seen, mut cursor, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = list(&story, &format!("limit=100{cursor}")).await;
        assert_eq!(page.trips().sql, 1, "a page is one statement");
        let page = page.json();
        pages += 1;
        let items = page["data"].as_array().expect("a list").iter();
        seen.extend(items.map(|save| save["save_id"].as_str().expect("an id").to_owned()));
        match page["meta"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (1001, 11));

    let sql = STATEMENTS.iter().find(|statement| statement.name == "save-list").expect("it is there").sql;
    let owner: Uuid = sqlx::query_scalar("SELECT user_id FROM characters WHERE character_id = $1")
        .bind(character)
        .fetch_one(app.ctx().db())
        .await
        .expect("an owner");
    sqlx::query("ANALYZE game_saves").execute(app.ctx().db()).await.expect("analysed");
    let plan: Value = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN (ANALYZE, FORMAT JSON) {sql}")))
        .bind(character)
        .bind(owner)
        .bind(None::<Uuid>)
        .bind(None::<&str>)
        .bind(21_i64)
        .fetch_one(app.ctx().db())
        .await
        .expect("a plan");
    let read = rows_read(&plan[0]["Plan"]);
    assert!((21..=40).contains(&read), "{read} rows were read for a page of twenty: {plan}");
}

/// Rows that came out of the tables of a plan.
fn rows_read(plan: &Value) -> u64 {
    let own = plan["Relation Name"].is_string().then(|| plan["Actual Rows"].as_f64().unwrap_or_default());
    let below = plan["Plans"].as_array().into_iter().flatten().map(rows_read).sum::<u64>();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
    let own = own.unwrap_or_default().ceil() as u64;
    own + below
}

/// Every byte is flipped where saves are sealed; here, that whoever loads is told.
#[tokio::test]
async fn a_damaged_save_is_refused_and_nothing_comes_of_it() {
    let app = app().await;
    let story = lived(&app, "unlucky", 2).await;
    let kept = saved(&story, "soon damaged").await;
    let path = format!("/api/v1/saves/{}/{kept}", story.character);
    let flips = [
        "snapshot = set_byte(snapshot, 0, get_byte(snapshot, 0) # 1)",
        "snapshot = set_byte(snapshot, length(snapshot) - 1, get_byte(snapshot, length(snapshot) - 1) # 128)",
        "snapshot = substr(snapshot, 1, length(snapshot) - 1)",
        "digest = set_byte(digest, 7, get_byte(digest, 7) # 16)",
        "content_hash = set_byte(content_hash, 0, get_byte(content_hash, 0) # 1)",
        "rules_version = rules_version + 1",
        "entries = entries - 1",
    ];
    for flip in flips {
        let back = "UPDATE game_saves g SET snapshot = i.snapshot, digest = i.digest, content_hash = i.content_hash,
            rules_version = i.rules_version, entries = i.entries FROM intact i WHERE g.save_id = i.save_id";
        let sql = format!("CREATE TABLE intact AS SELECT * FROM game_saves; UPDATE game_saves SET {flip}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(app.ctx().db()).await.expect("damaged");
        refused(&load(&story, &kept, None).await, StatusCode::CONFLICT, "SAVE_DAMAGED");
        refused(&get(&story, &path).await, StatusCode::CONFLICT, "SAVE_DAMAGED");
        sqlx::raw_sql(AssertSqlSafe(format!("{back}; DROP TABLE intact")))
            .execute(app.ctx().db())
            .await
            .expect("mended");
    }
    assert_eq!(get(&story, "/api/v1/characters").await.json()["meta"]["count"], 1);
    assert_eq!(load(&story, &kept, None).await.status, StatusCode::CREATED);
}

/// The log of a life whose content nobody has any more cannot be lived again, but its saves need no replay.
#[tokio::test]
async fn a_life_lived_under_rules_that_are_gone_goes_on_from_its_save() {
    let app = app().await;
    let story = lived(&app, "ancient", 3).await;
    let kept = saved(&story, "三岁").await;
    sqlx::query("UPDATE life_log SET rules_version = 1").execute(app.ctx().db()).await.expect("aged");
    let path = format!("/api/v1/game/branch/{}", story.character);
    let branch = post(&story, &path, &json!({"from_age": 2}), None).await;
    assert_ne!(branch.status, StatusCode::CREATED, "{}", branch.text());
    let mut new = begun(&story, &load(&story, &kept, None).await);
    assert!(new.live_a_year().await);
    let verified = get(&new, &format!("/api/v1/game/state/{}", new.character)).await.data();
    assert_eq!(verified["age"], 4);
}
