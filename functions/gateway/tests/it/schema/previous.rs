//! The release before, on today's schema: while a release rolls out, both serve. Its statements are kept as they were,
//! in `fixtures/statements`; each is run here with values as that release bound them.

use chrono::{DateTime, Utc};
use engine::{Content, Life, OnPending, YearInput};
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, types::Json};
use testkit::app::TestApp;
use uuid::Uuid;

use super::{
    CHARACTER, USER,
    statements::{
        APPEND, CHARACTER_LIST, CREATE_CHARACTER, EVENTS_NEWEST, EVENTS_OLDEST, LIFE, LIFE_LOG, OPEN_SESSION, REGISTER,
        ROSTER, STATEMENTS, STORED_ANSWER, USER_BY_ID, USER_BY_IDENTIFIER, VERSION, bind_append, keyed, statement,
    },
    upgraded,
};
use crate::story::Story;

fn id(text: &str) -> Uuid {
    text.parse().expect("an id")
}

/// A time at which the release before is still serving.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_500_000, 0).expect("a time")
}

async fn db() -> (String, PgConnection) {
    let url = upgraded().await;
    let db = PgConnection::connect(&url).await.expect("a connection");
    (url, db)
}

#[tokio::test]
async fn every_statement_of_the_release_before_is_understood() {
    let (_, mut db) = db().await;
    for (name, sql) in STATEMENTS {
        let prepared = format!("PREPARE {name} AS {sql}");
        sqlx::raw_sql(AssertSqlSafe(prepared)).execute(&mut db).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test]
async fn the_release_before_reads_what_it_wrote() {
    let (_, mut db) = db().await;
    let character = id(CHARACTER);
    let life = statement(LIFE).bind(character).bind(id(USER)).fetch_one(&mut db).await.expect("the life");
    let (born, moved): (DateTime<Utc>, DateTime<Utc>) = (life.get("created_at"), life.get("updated_at"));
    let list = statement(CHARACTER_LIST).bind(id(USER)).bind(None::<Uuid>).bind(21_i64);
    assert_eq!(list.fetch_all(&mut db).await.expect("the list").len(), 2);
    let roster = statement(ROSTER).bind(id(USER)).bind(102_i64).fetch_one(&mut db).await.expect("the list, whole");
    assert_eq!(roster.get::<Json<Value>, _>("characters").0.as_array().map(Vec::len), Some(2));
    let log = statement(LIFE_LOG).bind(character).bind(id(USER));
    assert_eq!(log.fetch_all(&mut db).await.expect("the log").len(), 23);
    for sql in [EVENTS_NEWEST, EVENTS_OLDEST] {
        let page = statement(sql).bind(character).bind(born).bind(moved);
        let page = page.bind(None::<i16>).bind(None::<String>).bind(None::<i32>).bind(51_i64);
        assert_eq!(page.fetch_all(&mut db).await.expect("events").len(), 19);
    }
    assert!(statement(USER_BY_IDENTIFIER).bind("LIN_AN").fetch_optional(&mut db).await.expect("a read").is_some());
    assert!(statement(USER_BY_ID).bind(id(USER)).fetch_optional(&mut db).await.expect("a read").is_some());
    let version = statement(VERSION).bind(character).bind(id(USER)).fetch_one(&mut db).await.expect("a version");
    assert_eq!(version.get::<i64, _>("version"), 23);
    let stored = statement(STORED_ANSWER).bind(id(USER)).bind("game-advance").bind("year 0");
    assert_eq!(stored.fetch_one(&mut db).await.expect("an answer").get::<i16, _>("status"), 200);
}

#[tokio::test]
async fn the_release_before_registers_signs_in_and_deals() {
    let (url, mut db) = db().await;
    let user = Uuid::new_v4();
    let registered = statement(REGISTER)
        .bind(user)
        .bind("of_yesterday")
        .bind(None::<String>)
        .bind(false)
        .bind("en")
        .bind(1_i64)
        .bind(now())
        .bind("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$Y2Fubm90IGJlIHJpZ2h0")
        .bind(Uuid::new_v4())
        .bind(vec![1_u8; 32])
        .bind(now())
        .bind("web")
        .bind(None::<String>)
        .bind(None::<String>)
        .bind(now());
    assert_eq!(registered.fetch_one(&mut db).await.expect("registered").get::<i64, _>(0), 1);
    let session = statement(OPEN_SESSION).bind(user).bind(Uuid::new_v4()).bind(vec![2_u8; 32]).bind(now());
    let session = session.bind("web").bind(None::<String>).bind(None::<String>).bind(now());
    session.execute(&mut db).await.expect("signed in");

    let dealt = keyed(CREATE_CHARACTER, id(USER), "character-create", "yesterday", now())
        .bind(Uuid::new_v4())
        .bind("Ana")
        .bind("PT")
        .bind(1901_i16)
        .bind(true);
    let dealt = (0..5).fold(dealt, |query, _| query.bind(50_i16));
    let dealt = dealt
        .bind(b"{}".to_vec())
        .bind(0_i32)
        .bind(json!({"kind": "birth"}))
        .bind(b"{}".to_vec())
        .bind(vec![3_u8; 32])
        .bind(1_i32)
        .bind(vec![4_u8; 32]);
    assert!(dealt.fetch_one(&mut db).await.expect("dealt").get::<bool, _>("applied"));
    let app = TestApp::with_settings(gateway::routes(None), &[("DATABASE_URL", &url)]).await;
    let token = story(&app).await.token;
    let list = app.get("/api/v1/characters").token(&token).send().await.json();
    assert_eq!(list["meta"]["count"], 3, "today's release sees what yesterday's dealt");
}

#[tokio::test]
async fn a_year_lived_by_the_release_before_is_continued_by_this_one() {
    let (url, mut db) = db().await;
    let row = statement(LIFE).bind(id(CHARACTER)).bind(id(USER)).fetch_one(&mut db).await.expect("the life");
    let state: Value = serde_json::from_slice(row.get("state")).expect("JSON");
    let life: Life = serde_json::from_value(state["life"].clone()).expect("a life");
    let input = YearInput { mode: engine::Mode::Steady, on_pending: OnPending::Default };
    let step = engine::advance(Content::builtin(), &life, input).expect("a year");
    let append = || {
        let (life, entry, events) = (&step.life, &step.entry, &step.events);
        bind_append(keyed(APPEND, id(USER), "game-advance", "yesterday", now()), id(CHARACTER), 23, life, entry, events)
    };
    let first = append().fetch_one(&mut db).await.expect("moved on");
    assert!(first.get::<bool, _>("applied"));
    let again = append().fetch_one(&mut db).await.expect("found again");
    assert_eq!((again.get("applied"), again.get("status")), (false, Some(200_i16)));

    let app = TestApp::with_settings(gateway::routes(None), &[("DATABASE_URL", &url)]).await;
    let mut story = story(&app).await;
    let state = story.read("state").await.data();
    assert_eq!((&state["version"], &state["age"]), (&json!(24), &json!(step.life.age)));
    story.version = 24;
    if let Some(question) = state["pending_decisions"].get(0) {
        let answer = json!({"decision_id": question["decision_id"], "option_id": question["default_option_id"]});
        assert_eq!(story.act("decision", answer, None).await.status, StatusCode::OK);
        story.version += 1;
    }
    assert!(story.live_a_year().await);
}

/// The player of the fixture, signed in.
async fn story(app: &TestApp) -> Story<'_> {
    let credentials = json!({"username": "lin_an", "password": "a long and quiet river"});
    let answer = app.post("/api/v1/auth/login", &credentials).send().await;
    let token = answer.data()["access_token"].as_str().expect("a token").to_owned();
    Story { app, token, character: CHARACTER.to_owned(), version: 23 }
}
