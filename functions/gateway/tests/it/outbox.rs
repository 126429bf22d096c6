//! What others are told: written with what happened, delivered at least once and under one id, by the program that a CronJob
//! runs, to a receiver that answers as it likes.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::StatusCode;
use ring::hmac;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use testkit::{
    app::VERIFYING_KEY,
    database,
    lambda::{self, Deployment, LambdaApi, Route},
    player::{Player, SeededChooser, Spec},
    process::{Process, Signal},
    queue::Queue,
};
use tokio::process::Command;

use crate::server::{Server, settings};

const KEY: [u8; 32] = [7; 32];

/// What came, and how the next is answered; 0 is not at all.
struct Inbox {
    taken: Mutex<Vec<(HeaderMap, String)>>,
    status: AtomicU16,
}

impl Inbox {
    /// A receiver on a port of its own, which takes everything.
    async fn open() -> (Arc<Self>, String) {
        let inbox = Arc::new(Self { taken: Mutex::default(), status: AtomicU16::new(204) });
        let take = async |State(inbox): State<Arc<Self>>, headers: HeaderMap, body: Bytes| {
            inbox.taken.lock().expect("a list").push((headers, String::from_utf8(body.to_vec()).expect("text")));
            let status = inbox.status.load(Ordering::Relaxed);
            if status == 0 {
                std::future::pending::<()>().await;
            }
            StatusCode::from_u16(status).expect("a status")
        };
        let app = Router::new().route("/hook", post(take)).with_state(Arc::clone(&inbox));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, app).await });
        (inbox, url)
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn taken(&self) -> Vec<(HeaderMap, String)> {
        self.taken.lock().expect("a list").clone()
    }

    /// How often each id came.
    fn ids(&self) -> BTreeMap<String, usize> {
        let mut ids = BTreeMap::new();
        for (headers, _) in self.taken() {
            *ids.entry(headers["webhook-id"].to_str().expect("text").to_owned()).or_default() += 1;
        }
        ids
    }
}

fn key() -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(KEY))
}

/// A job's process, as a CronJob starts it.
fn job(id: &str, database_url: &str, more: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(["job", id]).env_clear().kill_on_drop(true).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs([("DATABASE_URL", database_url), ("AUTH_VERIFYING_KEYS", VERIFYING_KEY)]);
    command.envs([("OUTBOX_WEBHOOK_KEY", key())]).envs(more.iter().copied());
    command
}

/// Delivers what is due; whether that ended well.
async fn deliver(database_url: &str, hook: &str) -> bool {
    let output = job("deliver-outbox", database_url, &[("OUTBOX_WEBHOOK_URL", hook)]).output().await.expect("it runs");
    output.status.success()
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

/// Writes events that are due.
async fn events(db: &mut PgConnection, number: i32) {
    sqlx::query(
        "INSERT INTO outbox (event_id, topic, payload, created_at, available_at)
         SELECT gen_random_uuid(), 'life.ended', jsonb_build_object('number', n), now(), now()
         FROM generate_series(1, $1) n",
    )
    .bind(number)
    .execute(db)
    .await
    .expect("events");
}

/// Every event: attempts, whether delivered, whether given up, the last error, seconds until it is due.
async fn rows(db: &mut PgConnection) -> Vec<(i16, bool, bool, Option<String>, f64)> {
    sqlx::query_as(
        "SELECT attempts, delivered_at IS NOT NULL, dead_at IS NOT NULL, last_error,
                extract(epoch FROM available_at - now())::float8
         FROM outbox ORDER BY created_at, event_id",
    )
    .fetch_all(db)
    .await
    .expect("rows")
}

/// Lets whatever waits be due.
async fn let_time_pass(db: &mut PgConnection) {
    sqlx::query("UPDATE outbox SET available_at = now()").execute(db).await.expect("moved");
}

#[tokio::test]
async fn a_life_and_the_end_of_an_account_are_told_once_and_signed() {
    let (inbox, hook) = Inbox::open().await;
    let mut settings = settings().await;
    let database = settings.iter().find(|(name, _)| *name == "DATABASE_URL").expect("a database").1.clone();
    settings.push(("OUTBOX_WEBHOOK_URL", hook.clone()));
    let server = Server::start(&settings);
    let player = Player::register(&server.url).await.expect("a player");
    let lived =
        player.live_to_the_end(&Spec::new("林安", "CN", 1962), &mut SeededChooser::new(7)).await.expect("a life");
    let mut db = connect(&database).await;
    let waiting = rows(&mut db).await.len();
    assert!(waiting > 2, "begun, ended, and what it achieved: {waiting}");
    let deleted = reqwest::Client::new()
        .delete(format!("{}/api/v1/auth/account", server.url))
        .bearer_auth(player.token().await)
        .json(&json!({"password": player.password()}))
        .send()
        .await
        .expect("an answer");
    assert!(deleted.status().is_success(), "{deleted:?}");

    let (one, other) = tokio::join!(deliver(&database, &hook), deliver(&database, &hook));
    assert!(one && other && deliver(&database, &hook).await, "the last finds nothing left");
    let taken = inbox.taken();
    let mut told = BTreeMap::new();
    for (headers, body) in &taken {
        let header = |name: &str| headers[name].to_str().expect("text");
        let message: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(message["id"], header("webhook-id"));
        let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
        let tag = BASE64_STANDARD.decode(header("webhook-signature").strip_prefix("v1,").expect("v1")).expect("base64");
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), signed.as_bytes(), &tag).expect("our signature");
        told.insert(message["type"].as_str().expect("a type").to_owned(), message["data"].clone());
    }
    assert_eq!((taken.len(), told.len()), (waiting + 1, 4), "{told:?}");
    assert_eq!(told["achievement.unlocked"]["character_id"], lived.character.character_id);
    let (begun, ended, gone) = (&told["life.started"], &told["life.ended"], &told["account.deleted"]);
    assert_eq!(begun["character_id"], lived.character.character_id);
    assert_eq!((&ended["character_id"], &ended["age"]), (&begun["character_id"], &json!(lived.state.age)));
    assert_eq!((&ended["user_id"], &begun["version"]), (&gone["user_id"], &json!(2)));
    assert!(rows(&mut db).await.iter().all(|(attempts, delivered, ..)| *attempts == 1 && *delivered));
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_written_down() {
    let settings = settings().await;
    let server = Server::start(&settings);
    let player = Player::register(&server.url).await.expect("a player");
    let character = player.create_character(&Spec::new("林安", "CN", 1962)).await.expect("a character");
    player.start(&character.character_id, character.version).await.expect("a start");
    let database = &settings.iter().find(|(name, _)| *name == "DATABASE_URL").expect("a database").1;
    assert_eq!(rows(&mut connect(database).await).await.len(), 0);
    let output = job("deliver-outbox", database, &[]).output().await.expect("it runs");
    assert!(output.status.success(), "nothing to do is no failure: {output:?}");
    let unsigned = job("deliver-outbox", database, &[("OUTBOX_WEBHOOK_URL", "http://127.0.0.1:1/")]);
    let unsigned = { unsigned }.env_remove("OUTBOX_WEBHOOK_KEY").output().await.expect("it runs");
    assert!(!unsigned.status.success() && String::from_utf8_lossy(&unsigned.stderr).contains("OUTBOX_WEBHOOK_KEY"));
}

#[tokio::test]
async fn what_is_refused_waits_longer_each_time_and_is_given_up_at_last() {
    let (inbox, hook) = Inbox::open().await;
    let database = database::fresh().await.expect("a database");
    let mut db = connect(&database).await;
    events(&mut db, 1).await;
    inbox.answer(500);
    for attempt in 1..=12_i16 {
        assert!(!deliver(&database, &hook).await, "a run that tells nobody says so");
        let (attempts, delivered, dead, error, due_s) = rows(&mut db).await.remove(0);
        assert_eq!((attempts, delivered, dead), (attempt, false, false));
        assert_eq!(error.as_deref(), Some("answered 500 Internal Server Error"));
        // To the second in `outbox::delivery`; here some time has passed since, more on a busy machine.
        let longest_s = f64::from(10_i32 << (attempt - 1).min(10)).min(7200.0);
        assert!(due_s > longest_s / 2.0 - 30.0 && due_s <= longest_s, "attempt {attempt}: {due_s} s");
        let_time_pass(&mut db).await;
    }
    // The next ten are like the twelfth.
    sqlx::query("UPDATE outbox SET attempts = 22").execute(&mut db).await.expect("skipped");
    for dead in [false, true] {
        assert!(!deliver(&database, &hook).await);
        assert_eq!(rows(&mut db).await[0].2, dead);
        let_time_pass(&mut db).await;
    }
    assert!(deliver(&database, &hook).await, "what is given up is not tried again");
    inbox.answer(200);
    sqlx::query("UPDATE outbox SET dead_at = NULL, attempts = 0").execute(&mut db).await.expect("as the runbook says");
    assert!(deliver(&database, &hook).await);
    assert_eq!((rows(&mut db).await[0].1, inbox.ids().len()), (true, 1), "one id, however often");
}

#[tokio::test]
async fn two_at_once_deliver_each_event_once() {
    let (inbox, hook) = Inbox::open().await;
    let database = database::fresh().await.expect("a database");
    let mut db = connect(&database).await;
    events(&mut db, 200).await;
    let (one, other) = tokio::join!(deliver(&database, &hook), deliver(&database, &hook));
    assert!(one && other);
    let ids = inbox.ids();
    assert_eq!(ids.len(), 200);
    assert!(ids.values().all(|times| *times == 1), "{ids:?}");
}

#[tokio::test]
async fn what_a_killed_run_had_claimed_is_delivered_by_another() {
    let (inbox, hook) = Inbox::open().await;
    let database = database::fresh().await.expect("a database");
    let mut db = connect(&database).await;
    events(&mut db, 40).await;
    inbox.answer(0);
    let killed = job("deliver-outbox", &database, &[("OUTBOX_WEBHOOK_URL", &hook)]).spawn().expect("it starts");
    while inbox.taken().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    killed.id().and_then(Process::find).expect("it runs").signal(Signal::KILL).expect("killed");
    drop(killed.wait_with_output().await);
    inbox.answer(200);
    assert!(deliver(&database, &hook).await);
    let claimed = rows(&mut db).await.iter().filter(|(_, delivered, ..)| !delivered).count();
    assert!((1..40).contains(&claimed), "its claim still holds: {claimed}");
    let_time_pass(&mut db).await;
    assert!(deliver(&database, &hook).await);
    assert!(rows(&mut db).await.iter().all(|(_, delivered, ..)| *delivered));
    let ids = inbox.ids();
    assert!(ids.len() == 40 && ids.values().all(|times| *times <= 2), "at least once, under one id: {ids:?}");
}

#[tokio::test]
async fn the_outbox_is_measured_and_forgotten() {
    let mut settings = settings().await;
    let database = settings.iter().find(|(name, _)| *name == "DATABASE_URL").expect("a database").1.clone();
    let mut db = connect(&database).await;
    events(&mut db, 9).await;
    sqlx::raw_sql(
        "UPDATE outbox SET created_at = now() - interval '1 hour' WHERE payload->>'number' = '1';
         UPDATE outbox SET delivered_at = now() - interval '8 days' WHERE payload->>'number' IN ('2', '3');
         UPDATE outbox SET delivered_at = now() - interval '6 days' WHERE payload->>'number' = '4';
         UPDATE outbox SET dead_at = now() - interval '31 days' WHERE payload->>'number' = '5';
         UPDATE outbox SET dead_at = now() - interval '29 days' WHERE payload->>'number' = '6'",
    )
    .execute(&mut db)
    .await
    .expect("a past");
    settings.retain(|(name, _)| *name != "REDIS_URL");
    let server = Server::start(&settings);
    let page =
        reqwest::get(format!("{}/metrics", server.metrics_url)).await.expect("metrics").text().await.expect("text");
    let value = |name: &str| page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    assert_eq!((value("outbox_waiting"), value("outbox_dead")), (Some(4.0), Some(2.0)));
    assert!(value("outbox_oldest_age_seconds").is_some_and(|age| (3600.0..3700.0).contains(&age)), "{page}");
    let purged = job("purge-outbox", &database, &[]).output().await.expect("it runs");
    assert!(purged.status.success());
    assert_eq!(rows(&mut db).await.len(), 6);
}

/// As on AWS: the outbox into a queue, the queue's messages in an event, and the function that sends them.
#[tokio::test]
async fn through_a_queue_only_the_message_that_fails_comes_again() {
    let (inbox, hook) = Inbox::open().await;
    let (queue, database) = (Queue::fresh().await.expect("a queue"), database::fresh().await.expect("a database"));
    let mut db = connect(&database).await;
    events(&mut db, 12).await;
    let to_queue =
        [("OUTBOX_WEBHOOK_URL", &*hook), ("OUTBOX_QUEUE_URL", &*queue.url), ("AWS_ENDPOINT_URL_SQS", &*queue.endpoint)];
    let filled = job("deliver-outbox", &database, &to_queue).output().await.expect("it runs");
    assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));
    assert!(rows(&mut db).await.iter().all(|(_, delivered, ..)| *delivered) && inbox.taken().is_empty());
    let mut records = Vec::new();
    while records.len() < 12 {
        let messages = queue.receive().await.expect("messages");
        records.extend(messages.iter().map(|message| {
            json!({"messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:outbox", "awsRegion": "eu-west-1"})
        }));
    }
    let poisoned = |id: &str, body: &str| json!({"messageId": id, "body": body, "eventSource": "aws:sqs"});
    records.insert(3, poisoned("poisoned", "{\"id\":"));
    records.push(poisoned("of another", "{\"id\":\"7\"}"));

    let function = "job-send-webhook";
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    // As the template has it: nothing of the stores.
    let env = BTreeMap::from([
        pair("DATABASE_URL", "postgres://nobody@localhost/none"),
        pair("AUTH_VERIFYING_KEYS", VERIFYING_KEY),
        pair("OUTBOX_WEBHOOK_URL", &hook),
        pair("OUTBOX_WEBHOOK_KEY", &key()),
    ]);
    let bins = lambda::build_bins().await.expect("binaries");
    let routes = vec![Route::unrouted(function, 12)];
    let api = LambdaApi::start(Deployment { routes, bins, env, instances: 1 }).await.expect("the emulator");
    let answer = api.invoke(function, &json!({"Records": records})).await.expect("an answer");
    assert_eq!(
        answer,
        json!({"batchItemFailures": [{"itemIdentifier": "poisoned"}, {"itemIdentifier": "of another"}]})
    );
    let ids = inbox.ids();
    assert!(ids.len() == 12 && ids.values().all(|times| *times == 1), "{ids:?}");

    inbox.answer(503);
    let one = json!({"Records": [records[0]]});
    let refused = api.invoke(function, &one).await.expect("an answer");
    assert_eq!(refused, json!({"batchItemFailures": [{"itemIdentifier": records[0]["messageId"]}]}));
    inbox.answer(200);
    assert_eq!(api.invoke(function, &one).await.expect("an answer"), json!({"batchItemFailures": []}));
    let error =
        api.invoke(function, &json!({"detail-type": "Scheduled Event"})).await.expect_err("no event of a queue");
    assert!(error.to_string().contains("JobFailed"), "{error:#}");
}
