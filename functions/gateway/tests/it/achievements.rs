//! Achievements through the routes: told with the year that reaches them, listed, judged anew, and shared by a branch.

use std::collections::BTreeSet;

use http::StatusCode;
use platform::jobs::Job;
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp, Trips};

use crate::{
    behind::forget_all,
    story::{Story, app},
};

/// A life that has come to `age`, and the ids of what it was told that it reached.
async fn lived<'a>(app: &'a TestApp, username: &str, age: u16) -> (Story<'a>, Vec<String>) {
    let mut story = Story::begun(app, username, "SE", 1985).await;
    let mut told = Vec::new();
    for _ in 0..age {
        let mut answer = story.act("advance", json!({"mode": "steady"}), Some(&format!("{}", story.version))).await;
        loop {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            story.version += 1;
            let data = answer.data();
            told.extend(ids(&data["unlocked"]));
            let Some(decision) = data["state"]["pending_decisions"].get(0).cloned() else { break };
            let body = json!({"decision_id": decision["decision_id"], "option_id": decision["default_option_id"]});
            answer = story.act("decision", body, None).await;
        }
    }
    (story, told)
}

fn ids(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|it| it["achievement_id"].as_str().expect("an id").to_owned()).collect()
}

async fn get(story: &Story<'_>, what: &str) -> TestAnswer {
    let path = format!("/api/v1/achievements/{}{what}", story.character);
    let answer = story.app.get(&path).token(&story.token).send().await;
    assert_eq!(answer.status, StatusCode::OK, "{what}: {}", answer.text());
    answer
}

async fn check(story: &Story<'_>, version: i64, key: &str) -> TestAnswer {
    let path = format!("/api/v1/achievements/check/{}", story.character);
    let request = story.app.post(&path, &json!({"expected_version": version})).token(&story.token);
    request.header("idempotency-key", key).send().await
}

/// Every page of a list.
async fn pages(story: &Story<'_>, what: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = get(story, &format!("{what}?limit=40{cursor}")).await;
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        all.extend(body["data"].as_array().expect("a list").iter().cloned());
        match body["meta"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn rows(app: &TestApp) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM achievement_unlocks").fetch_one(app.ctx().db());
    count.await.expect("a count")
}

#[tokio::test]
async fn what_a_life_reaches_is_told_with_the_year_and_stays() {
    let app = app().await;
    let (story, told) = lived(&app, "achiever", 25).await;
    assert!(told.contains(&"grown".to_owned()), "{told:?}");
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len(), "nothing is reached twice: {told:?}");
    assert_eq!(rows(&app).await, i64::try_from(told.len()).expect("few"));

    let mut newest_first = told.clone();
    newest_first.reverse();
    let unlocked = pages(&story, "/unlocked").await;
    let shown: BTreeSet<_> = ids(&json!(unlocked)).into_iter().collect();
    assert_eq!(shown, told.iter().cloned().collect());
    for it in &unlocked {
        assert_eq!((&it["progress"], &it["current_value"]), (&json!(1.0), &it["target_value"]), "{it}");
        assert!(it["unlocked_at"].is_string() && it["unlocked_age"].as_u64().is_some_and(|age| age <= 25), "{it}");
    }
    let all = pages(&story, "").await;
    let listed = ids(&json!(all));
    let mut by_id = listed.clone();
    by_id.sort();
    assert_eq!(listed, by_id);
    assert!(listed.len() >= 180, "{} are listed", listed.len());
    let hidden = all.iter().filter(|it| it["is_hidden"] == true);
    assert!(hidden.clone().all(|it| it["unlocked_at"].is_string()), "hidden ones are told of too early");
    for it in all.iter().filter(|it| it["unlocked_at"].is_null()) {
        let progress = it["progress"].as_f64().expect("a number");
        assert!((0.0..1.0).contains(&progress), "{it}");
    }
    let sixty = all.iter().find(|it| it["achievement_id"] == "sixty").expect("sixty");
    assert_eq!(
        (&sixty["current_value"], &sixty["target_value"], &sixty["progress"]),
        (&json!(25), &json!(60), &json!(0.41))
    );

    let nearest = pages(&story, "/progress").await;
    let progress: Vec<f64> = nearest.iter().map(|it| it["progress"].as_f64().expect("a number")).collect();
    assert!(progress.is_sorted_by(|a, b| a >= b) && progress.iter().all(|it| *it > 0.0 && *it < 1.0), "{progress:?}");
    let family = get(&story, "?limit=100&category=family").await.data();
    assert!(family.as_array().expect("a list").iter().all(|it| it["category"] == "family"));

    let stats = get(&story, "/stats").await.data();
    let points: i64 = unlocked.iter().map(|it| it["points"].as_i64().expect("points")).sum();
    assert_eq!((&stats["unlocked"], &stats["points"]), (&json!(told.len()), &json!(points)));
    let of = |groups: &Value, what: &str| -> i64 {
        groups.as_array().expect("groups").iter().map(|group| group[what].as_i64().expect("a number")).sum()
    };
    for groups in [&stats["by_category"], &stats["by_rarity"]] {
        assert_eq!((of(groups, "points"), json!(of(groups, "total"))), (points, stats["total"].clone()));
    }
    assert_eq!(stats["latest"]["achievement_id"], *told.last().expect("some"));
}

#[tokio::test]
async fn a_year_writes_its_achievements_in_its_one_statement_and_warm_reads_ask_redis_once() {
    let app = app().await;
    let mut story = Story::begun(&app, "warm", "SE", 1985).await;
    let mut reached = 0;
    while reached < 3 {
        let answer = story.act("advance", json!({"mode": "steady", "on_pending": "default"}), None).await;
        assert_eq!((answer.status, answer.trips()), (StatusCode::OK, Trips { redis: 2, sql: 1 }), "{}", answer.text());
        story.version += 1;
        reached += answer.data()["unlocked"].as_array().expect("a list").len();
    }
    for what in ["", "/unlocked", "/progress?limit=7", "/stats", "/export"] {
        let first = get(&story, what).await;
        let again = get(&story, what).await;
        assert_eq!((again.trips(), &again.body), (Trips { redis: 1, sql: 0 }, &first.body), "{what}");
        let beside = app.beside(gateway::routes(None), &[]).await;
        let path = format!("/api/v1/achievements/{}{what}", story.character);
        let there = beside.get(&path).token(&story.token).send().await;
        assert_eq!((there.trips(), &there.body), (Trips { redis: 1, sql: 0 }, &first.body), "{what}");
    }
}

#[tokio::test]
async fn a_repeated_year_reaches_nothing_twice() {
    let app = app().await;
    let (story, _) = lived(&app, "repeater", 17).await;
    let before = rows(&app).await;
    let body = json!({"mode": "steady", "on_pending": "default", "years": 2});
    let requests = (0..20).map(|_| story.act("advance", body.clone(), Some("grown up")));
    let answers = futures_util::future::join_all(requests).await;
    let told = ids(&answers[0].data()["unlocked"]);
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (StatusCode::OK, &answers[0].body));
    }
    assert_eq!(rows(&app).await - before, i64::try_from(told.len()).expect("few"));
}

#[tokio::test]
async fn a_check_gives_what_is_missing_once() {
    let app = app().await;
    let (story, told) = lived(&app, "checked", 20).await;
    let nothing = check(&story, story.version, "first").await;
    assert_eq!((nothing.status, &nothing.data()["unlocked"]), (StatusCode::OK, &json!([])), "{}", nothing.text());
    assert_eq!(nothing.data()["version"], story.version, "nothing changed");
    let stale = check(&story, story.version - 1, "stale").await;
    assert_eq!((stale.status, &stale.error()["reason"]), (StatusCode::PRECONDITION_FAILED, &json!("VERSION_MISMATCH")));

    // As if a release had just begun to call it an achievement; the caches know nothing of it.
    forget_grown(&app).await;
    forget_all(&app).await;
    let found = check(&story, story.version, "second").await;
    assert_eq!(
        (found.status, ids(&found.data()["unlocked"])),
        (StatusCode::OK, vec!["grown".to_owned()]),
        "{}",
        found.text()
    );
    assert_eq!(found.data()["unlocked"][0]["age"], 18);
    assert_eq!(found.data()["unlocked_total"], told.len());
    let again = check(&story, story.version, "second").await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &found.body));
    let replayed = story.read("replay").await.data();
    assert_eq!(replayed["verified"], "recomputed", "{replayed}");
}

#[tokio::test]
async fn a_job_gives_all_lives_what_is_missing_and_goes_on_where_it_stopped() {
    let app = app().await;
    let (first, told) = lived(&app, "first", 19).await;
    let (second, _) = lived(&app, "second", 18).await;
    let draft = Story::draft(&app, "unborn", "SE", 1985).await;
    let run = async || {
        let job = Job::find("backfill-achievements").expect("a job");
        job.run(app.ctx()).await.expect("it ends well");
        let stands = "SELECT lives, unlocks, finished_at IS NOT NULL FROM achievement_backfills";
        sqlx::query_as::<_, (i64, i64, bool)>(stands).fetch_one(app.ctx().db()).await.expect("a row")
    };
    assert_eq!(run().await, (2, 0, true), "a draft is no life yet");
    forget_grown(&app).await;
    assert_eq!(run().await, (2, 0, true), "these definitions are done with");
    // As if it had been killed after the first life.
    sqlx::query(
        "UPDATE achievement_backfills SET finished_at = NULL, lives = 1,
            last_character_id = (SELECT min(character_id::text)::uuid FROM lives WHERE status <> 'draft')",
    )
    .execute(app.ctx().db())
    .await
    .expect("set back");
    assert_eq!(run().await, (2, 1, true));
    assert!(!ids(&get(&first, "/unlocked?limit=100").await.data()).is_empty());
    let stats = get(&second, "/stats").await.data();
    assert_eq!(stats["version"], second.version + 1, "who reads it sees another version");
    assert!(ids(&get(&second, "/unlocked?limit=100").await.data()).contains(&"grown".to_owned()));
    assert_eq!(get(&draft, "/unlocked").await.data(), json!([]));
    // The first one was passed over by design; a check finds it.
    forget_all(&app).await;
    let found = check(&first, first.version, "mine").await;
    assert_eq!(found.data()["unlocked_total"], told.len());
}

#[tokio::test]
async fn a_life_whose_log_was_changed_keeps_no_other_from_being_judged() {
    let app = app().await;
    let (broken, _) = lived(&app, "broken", 18).await;
    let (sound, _) = lived(&app, "sound", 18).await;
    forget_grown(&app).await;
    sqlx::query("UPDATE life_log SET outcome = outcome || '\\x20' WHERE character_id = $1::uuid AND seq = 3")
        .bind(&broken.character)
        .execute(app.ctx().db())
        .await
        .expect("changed");
    Job::find("backfill-achievements").expect("a job").run(app.ctx()).await.expect("it ends well");
    forget_all(&app).await;
    assert!(ids(&get(&sound, "/unlocked?limit=100").await.data()).contains(&"grown".to_owned()));
    assert!(!ids(&get(&broken, "/unlocked?limit=100").await.data()).contains(&"grown".to_owned()));
}

#[tokio::test]
async fn a_branch_has_what_was_reached_in_the_past_it_shares() {
    let app = app().await;
    let (story, told) = lived(&app, "brancher", 20).await;
    let path = format!("/api/v1/game/branch/{}", story.character);
    let answer = story.app.post(&path, &json!({"from_age": 17})).token(&story.token).send().await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let character = answer.data()["character_id"].as_str().expect("an id").to_owned();
    let branch = Story { app: story.app, token: story.token.clone(), character, version: 1 };
    let shared = ids(&get(&branch, "/unlocked?limit=100").await.data());
    assert!(shared.len() < told.len() && !shared.contains(&"grown".to_owned()), "{shared:?} of {told:?}");
    assert!(!shared.is_empty() && shared.iter().all(|id| told.contains(id)), "{shared:?} of {told:?}");
    forget_all(&app).await;
    assert_eq!(ids(&get(&branch, "/unlocked?limit=100").await.data()), shared);
}

#[tokio::test]
async fn an_export_is_json_or_csv_that_no_spreadsheet_runs() {
    let app = app().await;
    let (story, told) = lived(&app, "exporter", 18).await;
    let json = get(&story, "/export?format=json").await.data();
    let csv = app.get(&format!("/api/v1/achievements/{}/export?format=csv", story.character));
    let csv = csv.token(&story.token).header("accept-language", "en").send().await;
    assert_eq!((csv.status, csv.header("content-type")), (StatusCode::OK, "text/csv; charset=utf-8"));
    let text = csv.text();
    let lines: Vec<&str> = text.trim_start_matches('\u{FEFF}').split_terminator("\r\n").collect();
    assert_eq!(lines.len(), json.as_array().expect("a list").len() + 1);
    assert!(lines[0].starts_with("\"achievement_id\",\"title\""), "{}", lines[0]);
    assert!(lines.iter().all(|line| line.starts_with('"') && line.ends_with('"')));
    assert!(told.iter().all(|id| lines.iter().any(|line| line.starts_with(&format!("\"{id}\"")))));
    let again = app.get(&format!("/api/v1/achievements/{}/export?format=json", story.character));
    assert_eq!(again.token(&story.token).send().await.header("content-type"), "application/json");
}

#[tokio::test]
async fn whoever_listens_is_told_of_each_achievement_once() {
    let app = TestApp::with_settings(gateway::routes(None), &[("OUTBOX_WEBHOOK_URL", "http://127.0.0.1:1/hook")]).await;
    let (story, told) = lived(&app, "heard", 18).await;
    let heard: Vec<Value> = sqlx::query_scalar(
        "SELECT payload FROM outbox WHERE topic = 'achievement.unlocked' ORDER BY payload ->> 'achievement_id'",
    )
    .fetch_all(app.ctx().db())
    .await
    .expect("rows");
    let mut told = told;
    told.sort();
    assert_eq!(ids(&json!(heard)), told);
    assert!(heard.iter().all(|it| it["character_id"] == *story.character && it["points"].is_number()), "{heard:?}");
}

async fn forget_grown(app: &TestApp) {
    let gone = sqlx::query("DELETE FROM achievement_unlocks WHERE achievement_id = 'grown'").execute(app.ctx().db());
    assert!(gone.await.expect("deleted").rows_affected() > 0);
}
