//! Fences whose writer is frozen, or does not hear what became of its statement.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::routing::post;
use http::StatusCode;
use platform::{
    Answer, ApiError, Cx, Reply, Route,
    auth::Player,
    cache::aggregate::{Life, Roster},
    http::{Path, idem::Idem},
    ids::CharacterId,
    store::lives::{self, Append},
    text::Text,
};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use testkit::{
    app::{TestAnswer, TestApp, Trips},
    database,
    proxy::Proxy,
};

use crate::{
    behind::{fences, forget_all},
    connections::behind_a_proxy,
    story::Story,
};

const WARM_READ: Trips = Trips { redis: 1, sql: 0 };
/// Longer than a fence may stand before its statement begins, seconds.
const LONG: i64 = 3;

/// A write whose process is frozen between its fence and its statement, until the clock has moved.
static FREEZES: Route = Route::post("test-freezes", "/api/v1/test/freezes/{character_id}")
    .idempotent()
    .passes_in_handler()
    .build(|| post(freezes));

async fn freezes(me: Player, cx: Cx, idem: Idem, Path(id): Path<CharacterId>) -> Reply<()> {
    let gone = || ApiError::not_found(Text::new("There is no such life.", "没有这段人生。"));
    let before = cx.now();
    let standing = cx.claim(Life(me.id, id), Roster(me.id), 1).await?.ok_or_else(gone)?;
    while cx.now() == before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let write = Append::nothing(&standing);
    let answer = Answer::ok(&())?.versioned(&cx, standing.version + 1);
    lives::append(&cx, &idem, &write, answer).await
}

fn routes() -> impl Iterator<Item = &'static Route> {
    gateway::routes(None).into_iter().chain([&FREEZES])
}

/// Sends a write through a process that is frozen for `seconds` while `meanwhile` happens.
async fn frozen(writer: &TestApp, story: &Story<'_>, seconds: i64, meanwhile: impl AsyncFnOnce()) -> TestAnswer {
    let path = format!("/api/v1/test/freezes/{}", story.character);
    let thaw = async {
        while fences(story.app).await == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        meanwhile().await;
        writer.world().wait(seconds);
    };
    let body = json!({});
    let (answer, ()) = tokio::join!(writer.post(&path, &body).token(&story.token).send(), thaw);
    answer
}

#[tokio::test]
async fn a_fence_that_has_stood_for_long_is_placed_again_before_the_statement() {
    let app = TestApp::new(routes()).await;
    let story = Story::begun(&app, "frozen", "CN", 1990).await;
    story.read("state").await;
    // Redis has forgotten the fence, as if it had outlived its deadline. What is placed again can be published on.
    let written = frozen(&app, &story, LONG, || forget_all(&app)).await;
    assert_eq!((written.status, written.trips()), (StatusCode::OK, Trips { redis: 3, sql: 1 }), "{}", written.text());
    let read = story.read("state").await;
    assert_eq!((read.data()["version"].clone(), read.trips()), (json!(3), WARM_READ));

    // In a shorter freeze a lost fence goes unnoticed until the end; then nothing is published.
    let written = frozen(&app, &story, LONG - 2, || forget_all(&app)).await;
    assert_eq!((written.status, written.trips()), (StatusCode::OK, Trips { redis: 2, sql: 1 }), "{}", written.text());
    let read = story.read("state").await;
    assert_eq!((read.data()["version"].clone(), read.trips()), (json!(4), Trips { redis: 2, sql: 1 }));
}

#[tokio::test]
async fn a_strict_write_that_cannot_place_its_fence_again_is_not_done() {
    let url = database::redis_url().await.expect("a Redis");
    let (before, address) = url.rsplit_once('@').expect("a password");
    let (address, after) = address.split_once('/').expect("a database");
    let proxy = Proxy::to(address.parse::<SocketAddr>().expect("an address")).await.expect("a port");
    let through = format!("{before}@{}/{after}", proxy.address());
    let app = TestApp::new(routes()).await;
    let story = Story::begun(&app, "strict", "CN", 1990).await;
    let strict = app.beside(routes(), &[("CACHE_STRICT", "true"), ("REDIS_URL", &through)]).await;
    let refused = frozen(&strict, &story, LONG, async || proxy.cut()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    assert_eq!(story.read("state").await.data()["version"], 2, "nothing has changed");
}

#[tokio::test]
async fn a_statement_that_nobody_heard_of_again_keeps_its_fence_until_the_deadline() {
    // A fence lives for these two and three seconds more.
    const TIMEOUTS: [(&str, &str); 2] =
        [("DATABASE_ACQUIRE_TIMEOUT_MS", "200"), ("DATABASE_STATEMENT_TIMEOUT_MS", "500")];
    let (proxy, through, direct) = behind_a_proxy().await;
    let settings = [("DATABASE_URL", through.as_str()), TIMEOUTS[0], TIMEOUTS[1]];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    let story = Story::begun(&app, "unheard", "CN", 1990).await;
    let beside = app.beside(gateway::routes(None), &[("DATABASE_URL", direct.as_str())]).await;
    let path = format!("/api/v1/game/state/{}", story.character);
    let read = async || {
        let answer = beside.get(&path).token(&story.token).send().await;
        (answer.data()["version"].as_i64().expect("a version"), answer.trips())
    };
    assert_eq!(read().await.0, 2);

    let mut holder = PgConnection::connect(&direct).await.expect("a connection");
    let mut watcher = PgConnection::connect(&direct).await.expect("a connection");
    sqlx::query("BEGIN").execute(&mut holder).await.expect("begun");
    sqlx::query("SELECT FROM users FOR UPDATE").execute(&mut holder).await.expect("locked");
    // The statement waits for the player's row. Its connection breaks; the server does not notice, and goes on.
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let breaks = async {
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut watcher).await.expect("a count") == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        proxy.cut();
    };
    let placed = Instant::now();
    let body = json!({"mode": "steady"});
    let (unheard, ()) = tokio::join!(story.act("advance", body.clone(), Some("unheard")), breaks);
    assert_eq!((unheard.status, unheard.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    for _ in 0..2 {
        assert_eq!(read().await, (2, Trips { redis: 1, sql: 1 }), "nobody may store what is about to change");
    }
    sqlx::query("COMMIT").execute(&mut holder).await.expect("let go");
    while sqlx::query_scalar::<_, i64>("SELECT max(version) FROM lives").fetch_one(&mut watcher).await.expect("one") < 3
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(read().await, (3, Trips { redis: 1, sql: 1 }), "the fence stands");
    while read().await != (3, WARM_READ) {
        assert!(placed.elapsed() < Duration::from_secs(20), "the fence has no end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(placed.elapsed() > Duration::from_millis(3_500), "the fence ended before its statement must have");
    proxy.heal();
    let again = story.act("advance", body, Some("unheard")).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::OK, "true"), "{}", again.text());
}
