//! One's own account: what one says of oneself, all that is held of one, and its end.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{TestAnswer, TestApp};

use crate::{
    behind::held_of,
    story::{Story, app},
};

const PASSWORD: &str = "correct horse battery";

async fn update(app: &TestApp, token: &str, body: &Value) -> TestAnswer {
    app.request(Method::PUT, "/api/v1/auth/profile").token(token).json(body).send().await
}

async fn profile(app: &TestApp, token: &str) -> TestAnswer {
    app.get("/api/v1/auth/profile").token(token).send().await
}

async fn delete(app: &TestApp, token: &str, body: &Value) -> TestAnswer {
    app.request(Method::DELETE, "/api/v1/auth/account").token(token).json(body).send().await
}

#[tokio::test]
async fn a_profile_changes_where_it_is_told_to_and_every_process_sees_it() {
    let app = app().await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    let token = app.register("says_little").await;
    let before = profile(&beside, &token).await.data();
    assert_eq!((&before["bio"], &before["settings"]["public_rank"]), (&Value::Null, &json!(true)));

    let body = json!({
        "expected_version": 1, "display_name": " 林安 ", "bio": "one\ntwo", "country": "CN", "locale": "en",
        "timezone": "Asia/Shanghai", "avatar_url": "https://a.example/b.png",
        "settings": {"content_filter": ["war", "hunger", "war"], "public_rank": false}
    });
    let changed = update(&app, &token, &body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let seen = profile(&beside, &token).await;
    assert_eq!(seen.data(), changed.data());
    assert_eq!(seen.header("etag"), changed.header("etag"));
    let data = changed.data();
    assert_eq!((&data["version"], &data["display_name"], &data["locale"]), (&json!(2), &json!("林安"), &json!("en")));
    let settings = json!({"content_filter": ["hunger", "war"], "timed_choices": false, "public_rank": false});
    assert_eq!(data["settings"], settings);

    // Null empties, what is left out stays.
    let body = json!({"expected_version": 2, "bio": null, "settings": {"timed_choices": true}});
    let data = update(&app, &token, &body).await.data();
    assert_eq!((&data["bio"], &data["country"]), (&Value::Null, &json!("CN")));
    assert_eq!(data["settings"]["content_filter"], json!(["hunger", "war"]));
    assert_eq!(data["settings"]["timed_choices"], true);
    assert_eq!(profile(&beside, &token).await.data(), data);
}

#[tokio::test]
async fn of_two_changes_to_one_version_one_is_refused() {
    let app = app().await;
    let token = app.register("hasty").await;
    let bodies: Vec<_> = (0..10).map(|n| json!({"expected_version": 1, "bio": format!("{n}")})).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| update(&app, &token, body))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != StatusCode::OK).collect();
    assert_eq!(refused.len(), 9);
    for answer in refused {
        assert_eq!(
            (answer.status, &answer.error()["details"]["current_version"]),
            (StatusCode::PRECONDITION_FAILED, &json!(2))
        );
    }
    let won = answers.iter().find(|answer| answer.status == StatusCode::OK).expect("one").data();
    assert_eq!(profile(&app, &token).await.data()["bio"], won["bio"]);
    let missing = update(&app, &token, &json!({"bio": "x"})).await;
    assert_eq!(
        (missing.status, &missing.error()["fields"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("expected_version"))
    );
}

#[tokio::test]
async fn the_export_holds_every_table_that_holds_something_of_a_player() {
    let app = app().await;
    let story = Story::begun(&app, "curious", "CN", 1990).await;
    Story::begun(&app, "other", "CN", 1990).await;
    let page = app.get("/api/v1/auth/account").token(&story.token).send().await;
    assert_eq!(page.header("cache-control"), "no-store");
    let data = page.data();
    assert_eq!(data["account"]["users"]["username"], "curious");
    assert_eq!(data["lives"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["lives"][0]["characters"]["character_id"], story.character.as_str());
    let state = &data["lives"][0]["lives"]["state"];
    assert!(state["life"].is_object(), "the state is JSON, not bytes: {state}");
    let log = data["lives"][0]["life_log"].as_array().expect("a log");
    assert_eq!(log[0]["input"]["kind"], "birth");
    let seeds = [&state["life"]["seed"], &log[0]["input"]["seed"]];
    assert_eq!(seeds, [&Value::Null; 2], "whoever knows the seed knows how every die falls");
    assert!(!page.text().contains("argon2"), "no secrets");

    // Every table that names a player or a character, and every column that says whose a row is.
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT table_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name IN ('user_id', 'character_id') AND table_name !~ '^events_'
         ORDER BY 1",
    )
    .fetch_all(app.ctx().db())
    .await
    .expect("tables");
    for table in tables {
        let held = [&data["account"], &data["lives"][0], &data].iter().any(|part| part.get(&table).is_some());
        assert!(held, "{table} is not in the export: {data}");
    }
}

#[tokio::test]
async fn the_export_goes_on_where_the_page_before_ended() {
    let app = app().await;
    let story = Story::draft(&app, "many_lives", "CN", 1990).await;
    for _ in 0..4 {
        let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
        app.post("/api/v1/characters", &body).token(&story.token).send().await.data();
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/auth/account?limit=2{cursor}");
        let data = app.get(&path).token(&story.token).send().await.data();
        let lives = data["lives"].as_array().expect("lives").clone();
        seen.extend(lives.iter().map(|life| life["characters"]["character_id"].as_str().expect("an id").to_owned()));
        match data["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
}

/// Rows of every table that name the player or one of their characters.
async fn rows_of(app: &TestApp, user: &str, character: &str) -> Vec<(String, i64)> {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name IN ('user_id', 'character_id') AND table_name !~ '^events_'",
    )
    .fetch_all(app.ctx().db())
    .await
    .expect("tables");
    let mut found = Vec::new();
    for (table, column) in tables {
        let id = if column == "user_id" { user } else { character };
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = '{id}'");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(app.ctx().db()).await.expect("a count");
        if count > 0 {
            found.push((table, count));
        }
    }
    found
}

#[tokio::test]
async fn a_deleted_account_is_gone_from_every_store() {
    let app = app().await;
    let mut story = Story::begun(&app, "leaving", "CN", 1990).await;
    for _ in 0..3 {
        story.live_a_year().await;
    }
    story.read("state").await;
    app.get("/api/v1/characters").token(&story.token).send().await;
    let user = profile(&app, &story.token).await.data()["user_id"].as_str().expect("an id").to_owned();
    assert!(rows_of(&app, &user, &story.character).await.len() >= 7);

    let wrong = delete(&app, &story.token, &json!({"password": "wrong"})).await;
    assert_eq!((wrong.status, &wrong.error()["reason"]), (StatusCode::FORBIDDEN, &json!("WRONG_PASSWORD")));
    let none = delete(&app, &story.token, &json!({})).await;
    assert_eq!(none.status, StatusCode::FORBIDDEN);
    assert_eq!(story.read("state").await.status, StatusCode::OK, "nothing is deleted without the password");

    let gone = delete(&app, &story.token, &json!({"password": PASSWORD})).await;
    assert_eq!(gone.data(), json!({"closed": true, "deleted": true}), "{}", gone.text());
    assert_eq!(rows_of(&app, &user, &story.character).await, []);
    for held in held_of(&app, &user).await {
        let is_an_end = held.ends_with("= revoked") || held.ends_with("= least 9007199254740991");
        assert!(is_an_end || held.contains(":rate:"), "{held}");
    }
    assert_eq!(story.read("state").await.status, StatusCode::UNAUTHORIZED);
    let again = app.post("/api/v1/auth/login", &json!({"username": "leaving", "password": PASSWORD})).send().await;
    assert_eq!(again.error()["reason"], "WRONG_CREDENTIALS");
    // The name is free again.
    app.register("leaving").await;
}

#[tokio::test]
async fn a_deletion_in_the_middle_of_advances_leaves_nothing() {
    let app = app().await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    for round in 0..5 {
        let name = format!("midway_{round}");
        let mut story = Story::begun(&app, &name, "CN", 1990).await;
        let user = profile(&app, &story.token).await.data()["user_id"].as_str().expect("an id").to_owned();
        let (token, character) = (story.token.clone(), story.character.clone());
        let advances = async {
            loop {
                let lived = story.act("advance", json!({"mode": "steady", "on_pending": "default"}), None).await;
                match lived.status {
                    StatusCode::OK => story.version += 1,
                    StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => return story.version,
                    // A life may end before its player leaves; that a dead one is refused must not disturb either.
                    StatusCode::CONFLICT if lived.error()["reason"] == "LIFE_ENDED" => tokio::task::yield_now().await,
                    other => panic!("{other}: {}", lived.text()),
                }
            }
        };
        let dealt = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
        let creations = async {
            loop {
                let answer = beside.post("/api/v1/characters", &dealt).token(&token).send().await;
                if answer.status != StatusCode::CREATED {
                    return answer.status;
                }
            }
        };
        let deletion = async {
            tokio::time::sleep(std::time::Duration::from_millis(40 + 25 * round)).await;
            delete(&beside, &token, &json!({"password": PASSWORD})).await.data()
        };
        let (_, created, deleted) = futures_util::future::join3(advances, creations, deletion).await;
        assert_eq!((created, deleted), (StatusCode::UNAUTHORIZED, json!({"closed": true, "deleted": true})));
        assert_eq!(rows_of(&app, &user, &character).await, []);
        let orphans: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM events WHERE character_id NOT IN (SELECT character_id FROM characters)",
        )
        .fetch_one(app.ctx().db())
        .await
        .expect("a count");
        assert_eq!(orphans, 0);
        for held in held_of(&app, &user).await {
            let is_an_end = held.ends_with("= revoked") || held.ends_with("= least 9007199254740991");
            assert!(is_an_end || held.contains(":rate:"), "{held}");
        }
    }
}

#[tokio::test]
async fn what_a_killed_deletion_left_a_job_ends() {
    let app = app().await;
    let story = Story::begun(&app, "half_gone", "CN", 1990).await;
    let user = profile(&app, &story.token).await.data()["user_id"].as_str().expect("an id").to_owned();
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "UPDATE users SET is_active = false, deletion_begun_at = '2026-06-01 11:58:00+00' WHERE user_id = '{user}'"
    )))
    .execute(app.ctx().db())
    .await
    .expect("closed");
    platform::jobs::Job::find("finish-account-deletions").expect("the job").run(app.ctx()).await.expect("it ran");
    assert_eq!(rows_of(&app, &user, &story.character).await, []);
    assert_eq!(story.read("state").await.status, StatusCode::UNAUTHORIZED);
}
