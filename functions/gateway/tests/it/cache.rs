//! What a request costs behind the server, and that no cache ever answers with what was true before.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::json;
use testkit::{
    app::{TestAnswer, TestApp, Trips},
    services::{Profile, Sandbox},
};

use crate::{
    behind::{fence_all, forget_all, spoil_values, stamps_end_in},
    cluster,
    connections::behind_a_proxy,
    story::{Story, app},
};

const WARM_READ: Trips = Trips { redis: 1, sql: 0 };
const WARM_WRITE: Trips = Trips { redis: 2, sql: 1 };

/// Every read of a life, a list and an account.
fn reads(story: &Story<'_>) -> [String; 5] {
    let id = &story.character;
    [
        format!("/api/v1/game/state/{id}"),
        format!("/api/v1/characters/{id}"),
        format!("/api/v1/game/events/{id}?limit=5&type=random"),
        "/api/v1/characters".to_owned(),
        "/api/v1/auth/profile".to_owned(),
    ]
}

async fn get(app: &TestApp, path: &str, token: &str) -> TestAnswer {
    app.get(path).token(token).send().await
}

#[tokio::test]
async fn a_warm_read_asks_redis_once_and_postgres_never() {
    warm_reads(&app().await).await;
    warm_reads(&cluster::app().await).await;
}

async fn warm_reads(app: &TestApp) {
    let mut story = Story::begun(app, "warm", "CN", 1990).await;
    story.live_a_year().await;
    for path in reads(&story) {
        let first = get(app, &path, &story.token).await;
        assert_eq!(first.status, StatusCode::OK, "{path}: {}", first.text());
        let again = get(app, &path, &story.token).await;
        assert_eq!((again.trips(), &again.body), (WARM_READ, &first.body), "{path}");
        assert_eq!(again.header("etag"), first.header("etag"), "{path}");
        let unchanged = app.get(&path).token(&story.token).header("if-none-match", first.header("etag")).send().await;
        assert_eq!((unchanged.status, unchanged.trips()), (StatusCode::NOT_MODIFIED, WARM_READ), "{path}");
    }
}

#[tokio::test]
async fn what_one_process_loaded_another_finds_in_redis() {
    let app = app().await;
    let mut story = Story::begun(&app, "beside", "CN", 1990).await;
    story.live_a_year().await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    for path in reads(&story) {
        let here = get(&app, &path, &story.token).await;
        let there = get(&beside, &path, &story.token).await;
        assert_eq!(there.body, here.body, "{path}");
        // A page of events is rendered from its own table; L2 holds one value an aggregate.
        let sql = u32::from(path.contains("/events/"));
        assert_eq!(there.trips(), Trips { redis: 1, sql }, "{path}");
    }
}

#[tokio::test]
async fn a_warm_year_asks_redis_twice_and_postgres_once() {
    warm_years(&app().await).await;
    warm_years(&cluster::app().await).await;
}

async fn warm_years(app: &TestApp) {
    let mut story = Story::begun(app, "years", "CN", 1990).await;
    for _ in 0..10 {
        let lived = story.act("advance", json!({"mode": "steady"}), Some(&format!("year {}", story.version))).await;
        assert_eq!((lived.status, lived.trips()), (StatusCode::OK, WARM_WRITE), "{}", lived.text());
        story.version += 1;
        let data = lived.data();
        if let Some(decision) = data["state"]["pending_decisions"].get(0) {
            let body = json!({"decision_id": decision["decision_id"], "option_id": decision["default_option_id"]});
            let decided = story.act("decision", body, None).await;
            assert_eq!((decided.status, decided.trips()), (StatusCode::OK, WARM_WRITE), "{}", decided.text());
            story.version += 1;
        }
        let state = story.read("state").await;
        assert_eq!((state.trips(), state.data()["version"].clone()), (WARM_READ, story.version.into()));
    }
    let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
    let dealt = app.post("/api/v1/characters", &body).token(&story.token).send().await;
    assert_eq!((dealt.status, dealt.trips()), (StatusCode::CREATED, WARM_WRITE), "{}", dealt.text());
}

#[tokio::test]
async fn what_one_process_wrote_no_other_misses() {
    let app = app().await;
    let mut story = Story::begun(&app, "both", "CN", 1990).await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    let [state, character, events, list, _] = reads(&story);
    for _ in 0..5 {
        for path in reads(&story) {
            get(&beside, &path, &story.token).await;
        }
        story.live_a_year().await;
        let seen = async |path: &str| get(&beside, path, &story.token).await.data();
        assert_eq!(seen(&state).await["version"], story.version);
        assert_eq!(seen(&character).await["version"], story.version);
        assert_eq!(seen(&list).await[0]["version"], story.version);
        assert_eq!(seen(&events).await, get(&app, &events, &story.token).await.data());
    }
    let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
    app.post("/api/v1/characters", &body).token(&story.token).send().await.data();
    let listed = get(&beside, &list, &story.token).await.data();
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn twenty_cold_reads_at_once_load_once() {
    let (proxy, through, _) = behind_a_proxy().await;
    let app = TestApp::with_settings(gateway::routes(None), &[("DATABASE_URL", &through)]).await;
    let story = Story::begun(&app, "crowd", "CN", 1990).await;
    forget_all(&app).await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    // Redis must know of the session again; that is not what is counted here.
    get(&beside, "/api/v1/auth/sessions", &story.token).await;
    let path = format!("/api/v1/game/state/{}", story.character);
    // A load takes long enough for all to come while it is under way, also on a busy machine.
    proxy.delay(Duration::from_millis(50));
    let answers = join_all((0..20).map(|_| get(&beside, &path, &story.token))).await;
    assert!(answers.iter().all(|answer| answer.body == answers[0].body && answer.status == StatusCode::OK));
    assert_eq!(answers.iter().map(|answer| answer.trips().sql).sum::<u32>(), 1);
    let redis: u32 = answers.iter().map(|answer| answer.trips().redis).sum();
    assert_eq!(redis, 21, "one gate each, and one fill");
}

#[tokio::test]
async fn what_does_not_exist_is_remembered_for_its_asker_only() {
    let app = app().await;
    let story = Story::begun(&app, "owner", "CN", 1990).await;
    story.read("state").await;
    let stranger = app.register("stranger").await;
    let path = format!("/api/v1/game/state/{}", story.character);
    let trips: Vec<_> = [get(&app, &path, &stranger).await, get(&app, &path, &stranger).await]
        .iter()
        .map(|answer| (answer.status, answer.trips()))
        .collect();
    assert_eq!(trips[0], (StatusCode::NOT_FOUND, Trips { redis: 2, sql: 1 }));
    assert_eq!(trips[1], (StatusCode::NOT_FOUND, WARM_READ));
    assert_eq!(story.read("state").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_write_that_died_sends_readers_to_postgres_until_its_deadline() {
    let app = app().await;
    let mut story = Story::begun(&app, "dead", "CN", 1990).await;
    story.read("state").await;
    // A fence whose writer never came back: on every stamp of this player, one minute long, then over.
    fence_all(&app, 60).await;
    for _ in 0..2 {
        let answer = story.read("state").await;
        assert_eq!((answer.data()["version"].clone(), answer.trips()), (json!(2), Trips { redis: 1, sql: 1 }));
    }
    story.live_a_year().await;
    let then = story.read("state").await;
    assert_eq!(
        (then.data()["version"].clone(), then.trips().sql),
        (story.version.into(), 1),
        "the dead one still stands"
    );
    fence_all(&app, -1).await;
    assert_eq!(story.read("state").await.data()["version"], story.version);
    assert_eq!(story.read("state").await.trips(), WARM_READ);
}

#[tokio::test]
async fn a_client_that_names_the_version_it_saw_never_reads_an_older_one() {
    let app = app().await;
    let mut story = Story::begun(&app, "seen", "CN", 1990).await;
    let path = format!("/api/v1/game/state/{}", story.character);
    get(&app, &path, &story.token).await;
    // A process that cannot reach Redis commits all the same, and says so to nobody but its metrics.
    let cut_off = app.beside(gateway::routes(None), &[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let body = json!({"mode": "steady", "expected_version": 2});
    let lived =
        cut_off.post(&format!("/api/v1/game/advance/{}", story.character), &body).token(&story.token).send().await;
    assert_eq!(lived.status, StatusCode::OK, "{}", lived.text());
    story.version = 3;
    let fresh = app.get(&path).token(&story.token).header("x-min-version", "3").send().await;
    assert_eq!((fresh.data()["version"].clone(), fresh.trips().sql), (json!(3), 1));
    let healed = get(&app, &path, &story.token).await;
    assert_eq!((healed.data()["version"].clone(), healed.trips()), (json!(3), WARM_READ));
    let broken = app.get(&path).token(&story.token).header("x-min-version", "new").send().await;
    assert_eq!(
        (broken.status, broken.error()["fields"][0]["field"].clone()),
        (StatusCode::BAD_REQUEST, json!("X-Min-Version"))
    );
}

#[tokio::test]
async fn a_strict_deployment_refuses_to_write_what_it_cannot_announce() {
    let app = app().await;
    let story = Story::begun(&app, "strict", "CN", 1990).await;
    let strict = [("CACHE_STRICT", "true"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let cut_off = app.beside(gateway::routes(None), &strict).await;
    let body = json!({"mode": "steady", "expected_version": 2});
    let refused =
        cut_off.post(&format!("/api/v1/game/advance/{}", story.character), &body).token(&story.token).send().await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    let state = get(&cut_off, &format!("/api/v1/game/state/{}", story.character), &story.token).await;
    assert_eq!((state.status, state.data()["version"].clone()), (StatusCode::OK, json!(2)), "reads go on");
}

#[tokio::test]
async fn no_read_is_older_than_what_was_acknowledged_whatever_interleaves() {
    let app = app().await;
    let story = Story::begun(&app, "interleaved", "CN", 1990).await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    let newest = std::sync::atomic::AtomicI64::new(2);
    let state = format!("/api/v1/game/state/{}", story.character);
    let reader = async |app: &TestApp| {
        for _ in 0..200 {
            let acknowledged = newest.load(Ordering::SeqCst);
            let version = get(app, &state, &story.token).await.data()["version"].as_i64().expect("a version");
            assert!(version >= acknowledged, "read {version} after {acknowledged}");
        }
    };
    let writer = async {
        for year in 0..20 {
            let process = if year % 2 == 0 { &app } else { &beside };
            let version = newest.load(Ordering::SeqCst);
            let body = json!({"mode": "steady", "expected_version": version, "on_pending": "default"});
            let path = format!("/api/v1/game/advance/{}", story.character);
            let lived = process.post(&path, &body).token(&story.token).send().await;
            assert_eq!(lived.status, StatusCode::OK, "{}", lived.text());
            newest.fetch_max(version + 1, Ordering::SeqCst);
        }
    };
    tokio::join!(reader(&app), reader(&beside), reader(&app), reader(&beside), writer);
}

#[tokio::test]
async fn a_strict_deployment_waits_for_its_replica() {
    let app = app().await;
    let story = Story::begun(&app, "replica", "CN", 1990).await;
    let primary = Sandbox::new().expect("a sandbox");
    let replica = Sandbox::new().expect("a sandbox");
    let (primary, replica) = (redis_of(&primary), redis_of(&replica));
    let settings = [("CACHE_STRICT", "true"), ("CACHE_STRICT_REPLICAS", "1"), ("REDIS_URL", primary.as_str())];
    let strict = app.beside(gateway::routes(None), &settings).await;
    let body = json!({"mode": "steady", "expected_version": 2});
    let path = format!("/api/v1/game/advance/{}", story.character);
    let alone = strict.post(&path, &body).token(&story.token).send().await;
    assert_eq!(alone.status, StatusCode::SERVICE_UNAVAILABLE, "nobody else has the fence");

    follow(&replica, &primary).await;
    // The breaker may have opened: a primary that waits in vain for its replicas is slow to say so.
    strict.world().wait(2);
    let lived = strict.post(&path, &body).token(&story.token).send().await;
    assert_eq!(lived.status, StatusCode::OK, "{}", lived.text());
    let body = json!({"mode": "steady", "expected_version": 3, "on_pending": "default"});
    let again = strict.post(&path, &body).token(&story.token).send().await;
    // Not necessarily without a read: the fence that nobody confirmed may stand until its deadline.
    assert_eq!((again.status, again.trips().redis), (StatusCode::OK, 2), "{}", again.text());
}

fn redis_of(sandbox: &Sandbox) -> String {
    sandbox.services().redis(Profile::Test).expect("a Redis of its own").url
}

#[tokio::test]
async fn a_value_that_does_not_read_is_loaded_and_shown_under_its_own_version() {
    let app = app().await;
    let story = Story::begun(&app, "spoilt", "CN", 1990).await;
    story.read("state").await;
    // Redis is told nothing of version 3, and its value of version 2 does not read.
    let cut_off = app.beside(gateway::routes(None), &[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    let body = json!({"mode": "steady", "expected_version": 2});
    let lived =
        cut_off.post(&format!("/api/v1/game/advance/{}", story.character), &body).token(&story.token).send().await;
    assert_eq!(lived.status, StatusCode::OK, "{}", lived.text());
    spoil_values(&app).await;
    let beside = app.beside(gateway::routes(None), &[]).await;
    for path in [format!("/api/v1/game/state/{}", story.character), format!("/api/v1/characters/{}", story.character)] {
        let read = get(&beside, &path, &story.token).await;
        assert_eq!((read.status, read.data()["version"].clone()), (StatusCode::OK, json!(3)), "{path}");
        assert!(read.header("etag").starts_with("\"3."), "{path}: {}", read.header("etag"));
        assert_eq!(get(&app, &path, &story.token).await.data()["version"], 3, "{path}: the others see it, too");
    }
}

#[tokio::test]
async fn what_is_read_all_the_time_is_refreshed_before_its_stamp_ends() {
    let (proxy, through, _) = behind_a_proxy().await;
    let app = TestApp::with_settings(gateway::routes(None), &[("DATABASE_URL", &through)]).await;
    let story = Story::begun(&app, "early", "CN", 1990).await;
    // A load takes long enough for its length, not chance, to say when it is due: some 50 ms, so within a second.
    proxy.delay(Duration::from_millis(25));
    forget_all(&app).await;
    assert_eq!(story.read("state").await.trips(), Trips { redis: 2, sql: 1 });
    let end = Instant::now() + Duration::from_millis(1_500);
    stamps_end_in(&app, 1_500).await;
    assert_eq!(story.read("state").await.trips(), WARM_READ, "far from the end nobody is in a hurry");
    let refreshed = loop {
        let read = story.read("state").await;
        assert_eq!((read.status, read.data()["version"].clone()), (StatusCode::OK, json!(2)));
        if read.trips() != WARM_READ {
            break read.trips();
        }
    };
    assert!(Instant::now() < end, "it had ended");
    assert_eq!(refreshed, Trips { redis: 2, sql: 1 });
    while Instant::now() < end + Duration::from_millis(100) {
        assert_eq!(story.read("state").await.trips(), WARM_READ, "one refresh is enough");
    }
}

/// Makes the server at `replica` a replica, and waits until it is in step.
#[expect(clippy::disallowed_methods, reason = "the test is the operator of these servers")]
async fn follow(replica: &str, primary: &str) {
    let ask = async |url: &str, command: &str| -> Result<redis::Value, redis::RedisError> {
        let mut words = command.split(' ');
        let mut command = redis::cmd(words.next().unwrap_or_default());
        words.for_each(|word| {
            command.arg(word);
        });
        let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        command.query_async(&mut connection).await
    };
    let info = redis::Client::open(primary).expect("a URL").get_connection_info().clone();
    let password = info.redis_settings().password().unwrap_or_default().to_owned();
    // Over the wire and into memory: neither may write where it runs.
    ask(primary, "CONFIG SET repl-diskless-sync yes repl-diskless-sync-delay 0").await.expect("a setting");
    ask(replica, "CONFIG SET repl-diskless-load swapdb").await.expect("a setting");
    ask(replica, &format!("CONFIG SET masterauth {password}")).await.expect("a setting");
    ask(replica, &format!("REPLICAOF {}", info.addr().to_string().replace(':', " "))).await.expect("a primary");
    // Online is not enough: writes are streamed to it once it has said how far it is.
    for _ in 0..500 {
        ask(primary, "SET something new").await.expect("a write");
        let status = ask(primary, "INFO replication").await.map(|info| format!("{info:?}")).unwrap_or_default();
        if status.contains("state=online") && !status.contains("offset=0,") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the replica is not in step: {:?}", ask(primary, "INFO replication").await);
}
