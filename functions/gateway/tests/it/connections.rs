//! What a request notices when its connection to Postgres is lost: as little as can be.

use std::net::SocketAddr;

use http::StatusCode;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use testkit::{
    app::{TestAnswer, TestApp, Trips},
    database,
    proxy::Proxy,
    services::{self, Profile, Sandbox},
};

const CHARACTERS: &str = "/api/v1/characters";

async fn create(app: &TestApp, token: &str, key: &str) -> TestAnswer {
    let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
    app.post(CHARACTERS, &body).token(token).header("idempotency-key", key).send().await
}

/// Makes the server end every session of the application.
async fn terminate_sessions(database_url: &str) -> i64 {
    let mut admin = PgConnection::connect(database_url).await.expect("a connection");
    sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'restart-life'",
    )
    .fetch_one(&mut admin)
    .await
    .expect("it may end sessions")
}

#[tokio::test]
async fn a_session_that_the_server_ended_costs_neither_a_read_nor_a_write() {
    let url = database::fresh().await.expect("a database");
    let settings =
        [("DATABASE_URL", url.as_str()), ("DATABASE_MAX_CONNECTIONS", "1"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    let token = app.register("ended").await;
    for round in 0..3 {
        assert_eq!(terminate_sessions(&url).await, 1, "one connection, used again and again");
        let read = app.get(CHARACTERS).token(&token).send().await;
        assert_eq!(read.status, StatusCode::OK, "{}", read.text());
        terminate_sessions(&url).await;
        let written = create(&app, &token, &format!("key-{round}")).await;
        assert_eq!(written.status, StatusCode::CREATED, "{}", written.text());
    }
    let all = app.get(CHARACTERS).token(&token).send().await;
    assert_eq!(all.data().as_array().map(Vec::len), Some(3), "each was made once: {}", all.text());
}

/// The tests' server through a proxy, a fresh database on it, and the same database past the proxy.
pub(crate) async fn behind_a_proxy() -> (Proxy, String, String) {
    let fresh = database::fresh().await.expect("a database");
    let name = fresh.split('?').next().and_then(|url| url.rsplit('/').next()).expect("a name").to_owned();
    let server = tokio::task::spawn_blocking(|| services::postgres(Profile::Test)).await;
    let url = server.expect("no panic").expect("the tests' server").tcp_url;
    let (start, _) = url.rsplit_once('/').expect("a path");
    let (user, address) = start.rsplit_once('@').expect("a password");
    let proxy = Proxy::to(address.parse::<SocketAddr>().expect("an address")).await.expect("a port");
    let through = format!("{user}@{}/{name}", proxy.address());
    (proxy, through, fresh)
}

#[tokio::test]
async fn after_a_freeze_half_open_connections_cost_one_reconnect_and_no_request() {
    let (proxy, url, _) = behind_a_proxy().await;
    let settings =
        [("DATABASE_URL", url.as_str()), ("DATABASE_MAX_CONNECTIONS", "1"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    let token = app.register("frozen").await;
    let opened = proxy.connections();
    app.world().wait(600);
    proxy.strand();
    for round in 0..10 {
        let written = create(&app, &token, &format!("key-{round}")).await;
        assert_eq!(written.status, StatusCode::CREATED, "{}", written.text());
    }
    assert_eq!(proxy.connections() - opened, 1);
    // And a spell after which all is well costs none.
    app.world().wait(60);
    assert_eq!(app.get(CHARACTERS).token(&token).send().await.status, StatusCode::OK);
    assert_eq!(proxy.connections() - opened, 1);
}

#[tokio::test]
async fn one_dead_connection_spares_the_requests_after_it_all_that_died_with_it() {
    let (proxy, url, _) = behind_a_proxy().await;
    let settings = [("DATABASE_URL", url.as_str()), ("DATABASE_MAX_CONNECTIONS", "8")];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    let token = app.register("reset").await;
    // With Redis, whose word on the session is good for a minute, a write is the one statement it is; this read is another.
    let read = || async { app.get("/api/v1/auth/sessions").token(&token).send().await };
    futures_util::future::join_all((0..32).map(|_| read())).await;
    assert!(proxy.connections() > 2, "several connections rest");
    proxy.reset();
    // No word from the server this time: what it did with a write cannot be known, so one is told to come back.
    let first = create(&app, &token, "key").await;
    assert_eq!((first.status, first.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"), "{}", first.text());
    for answer in futures_util::future::join_all((0..32).map(|_| read())).await {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    assert_eq!(create(&app, &token, "key").await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_of_writes_is_503_for_a_while_and_loses_and_doubles_nothing() {
    const WRITERS: usize = 12;
    let sandbox = Sandbox::new().expect("a sandbox");
    let services = sandbox.services().clone();
    let postgres = {
        let services = services.clone();
        tokio::task::spawn_blocking(move || services.postgres(Profile::Drill))
            .await
            .expect("no panic")
            .expect("a server")
    };
    database::migrate(&postgres.admin_url).await.expect("migrated");
    let settings = [("DATABASE_URL", postgres.admin_url.as_str()), ("REDIS_URL", "redis://127.0.0.1:1")];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    let token = app.register("restarted").await;

    let restarted = std::sync::atomic::AtomicBool::new(false);
    let restart = async {
        for _ in 0..2 {
            let services = services.clone();
            tokio::task::spawn_blocking(move || services.restart_postgres(Profile::Drill))
                .await
                .expect("no panic")
                .expect("it starts again");
        }
        restarted.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    // Each repeats every request under its key until it is acknowledged, as a client does, and goes on for a while
    // after the last restart.
    let writer = |number: usize| {
        let (app, token, restarted) = (&app, &token, &restarted);
        async move {
            let (mut acked, mut refused, mut after) = (0_u32, 0_u32, 0);
            while after < 5 {
                let key = format!("{number}-{acked}");
                loop {
                    let answer = create(app, token, &key).await;
                    if answer.status == StatusCode::CREATED {
                        break;
                    }
                    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
                    assert_eq!(answer.header("retry-after"), "1");
                    refused += 1;
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                acked += 1;
                after += u32::from(restarted.load(std::sync::atomic::Ordering::Relaxed));
            }
            (acked, refused)
        }
    };
    let ((), counts) = tokio::join!(restart, futures_util::future::join_all((0..WRITERS).map(writer)));

    let acked: u32 = counts.iter().map(|(acked, _)| acked).sum();
    let refused: u32 = counts.iter().map(|(_, refused)| refused).sum();
    assert!(refused > 0, "the restart met nobody");
    let mut direct = PgConnection::connect(&postgres.admin_url).await.expect("a connection");
    let stored: i64 =
        sqlx::query_scalar("SELECT count(*) FROM characters").fetch_one(&mut direct).await.expect("a read");
    assert_eq!(stored, i64::from(acked), "every acknowledged write is there once");
}

#[tokio::test]
async fn the_server_ends_a_statement_that_runs_too_long_and_the_connection_lives_on() {
    let url = database::fresh().await.expect("a database");
    let mut admin = PgConnection::connect(&url).await.expect("a connection");
    let longest = std::time::Duration::from_millis(200);
    platform::store::migrations::limit_statements(&mut admin, longest).await.expect("its own role");
    let settings = [("DATABASE_URL", url.as_str()), ("DATABASE_MAX_CONNECTIONS", "1")];
    let app = TestApp::with_settings(gateway::routes(None), &settings).await;
    let db = app.ctx().db();
    let session = || sqlx::query_scalar::<_, i32>("SELECT pg_backend_pid()").fetch_one(db);
    let before = session().await.expect("a session");
    let error = sqlx::query("SELECT pg_sleep(60)").execute(db).await.expect_err("it is ended");
    assert_eq!(
        error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref(),
        Some("57014"),
        "{error}"
    );
    assert_eq!(session().await.expect("the same session"), before);
}

#[tokio::test]
async fn probes_ask_the_database_once_a_second() {
    let app = TestApp::new(gateway::routes(None)).await;
    let probe = || async { app.get("/ready").send().await };
    let first = probe().await;
    assert_eq!((first.status, first.trips().sql), (StatusCode::OK, 1));
    for _ in 0..5 {
        let again = probe().await;
        assert_eq!((again.status, again.trips()), (StatusCode::OK, Trips { redis: 0, sql: 0 }));
        assert_eq!(again.data(), first.data());
    }
    app.world().wait(2);
    assert_eq!(probe().await.trips().sql, 1);
}
