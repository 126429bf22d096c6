//! Jobs as an operator and a CronJob run them: `gateway job <id>`, its exit code and its log.

use engine::{Content, ContentHash};
use platform::{
    jobs::{JOBS, Job, Start},
    store::content_blobs::{self, ContentBlobError},
};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use testkit::{app::VERIFYING_KEY, database};

/// What became of `gateway <arguments>`.
pub(crate) struct Ran {
    pub(crate) succeeded: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    log: Vec<Value>,
}

impl Ran {
    /// The `fields` of the log line with this message.
    pub(crate) fn said(&self, message: &str) -> &Value {
        let line = self.log.iter().find(|line| line["message"] == message);
        &line.unwrap_or_else(|| panic!("{message:?} is not in {:?}", self.log))["fields"]
    }
}

/// Runs the gateway on a database, with the least environment it needs.
pub(crate) async fn gateway(database_url: &str, arguments: &[&str]) -> Ran {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(arguments)
        .env_clear()
        .envs([("DATABASE_URL", database_url), ("AUTH_VERIFYING_KEYS", VERIFYING_KEY)])
        .output()
        .await
        .expect("it runs");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Ran {
        succeeded: output.status.success(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        log: stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
        stdout,
    }
}

async fn fresh() -> (String, PgConnection) {
    let url = database::fresh().await.expect("a database");
    let db = PgConnection::connect(&url).await.expect("a connection");
    (url, db)
}

#[test]
fn jobs_have_names_of_their_own_and_schedules_of_five_fields() {
    for (place, job) in JOBS.iter().enumerate() {
        assert!(job.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", job.id);
        assert!(job.schedule().is_none_or(|schedule| schedule.split_whitespace().count() == 5), "{}", job.id);
        assert!(JOBS[..place].iter().all(|other| other.id != job.id), "{} is there twice", job.id);
    }
}

#[test]
fn a_queue_has_one_job_that_fills_it_and_one_that_empties_it() {
    let queues = |queue: fn(&Job) -> Option<&'static str>| {
        let mut queues: Vec<_> = JOBS.iter().filter_map(queue).collect();
        queues.sort_unstable();
        queues
    };
    let emptied = queues(|job| match job.start {
        Start::Queue { name, .. } => Some(name),
        Start::Clock { .. } => None,
    });
    assert_eq!(queues(|job| job.fills), emptied);
    assert!(!emptied.is_empty() && emptied.windows(2).all(|pair| pair[0] != pair[1]), "{emptied:?}");
}

#[tokio::test]
async fn a_job_says_what_it_did_and_what_it_found_done() {
    let (url, mut db) = fresh().await;
    sqlx::query("INSERT INTO events VALUES (gen_random_uuid(), 1, 1, 'e', 'random', '{}', '2055-05-05')")
        .execute(&mut db)
        .await
        .expect("a row");
    let first = gateway(&url, &["job", "create-event-partitions"]).await;
    assert!(first.succeeded, "{}", first.stderr);
    let did = first.said("the partitions of events are there");
    assert!(did["created"].as_str().is_some_and(|years| years.contains("2055")), "{did}");
    assert_eq!((&did["moved"], &did["default_rows"]), (&1.into(), &0.into()));
    assert_eq!(first.said("job done")["job"], "create-event-partitions");
    let again = gateway(&url, &["job", "create-event-partitions"]).await;
    assert_eq!(again.said("the partitions of events are there")["created"], "[]");
}

#[tokio::test]
async fn a_job_that_fails_says_so_by_its_exit_code() {
    let (url, mut db) = fresh().await;
    let unknown = gateway(&url, &["job", "brew-tea"]).await;
    assert!(!unknown.succeeded && unknown.stderr.contains("store-content"), "{}", unknown.stderr);
    let away = gateway("postgres://nobody@127.0.0.1:1/none", &["job", "store-content"]).await;
    assert!(!away.succeeded && away.stderr.contains("store-content"), "{}", away.stderr);
    assert_eq!(away.said("job failed")["job"], "store-content");

    sqlx::query("ALTER TABLE events DETACH PARTITION events_2028").execute(&mut db).await.expect("detached");
    sqlx::query("INSERT INTO events VALUES (gen_random_uuid(), 1, 1, 'e', 'random', '{}', '2028-05-05')")
        .execute(&mut db)
        .await
        .expect("a row");
    let in_the_way = gateway(&url, &["job", "create-event-partitions"]).await;
    assert!(!in_the_way.succeeded && in_the_way.stderr.contains("events_2028"), "{}", in_the_way.stderr);
}

#[tokio::test]
async fn a_migration_leaves_the_content_stored_and_the_partitions_made() {
    let url = database::blank().await.expect("a database");
    for is_new in [true, false] {
        let migrated = gateway(&url, &["migrate"]).await;
        assert!(migrated.succeeded, "{}", migrated.stderr);
        assert_eq!(migrated.said("the content is stored")["is_new"], is_new);
        migrated.said("the partitions of events are there");
    }
    let mut db = PgConnection::connect(&url).await.expect("a connection");
    let builtin = Content::builtin();
    let stored = content_blobs::load(&mut db, builtin.hash()).await.expect("a read").expect("stored content");
    assert_eq!((stored.hash(), stored.countries().len()), (builtin.hash(), builtin.countries().len()));
    assert!(content_blobs::load(&mut db, ContentHash([7; 32])).await.expect("a read").is_none());
}

#[tokio::test]
async fn stored_content_that_was_altered_is_refused() {
    let (url, mut db) = fresh().await;
    assert!(gateway(&url, &["job", "store-content"]).await.succeeded);
    let hash = Content::builtin().hash();
    for (change, altered) in [
        ("UPDATE content_blobs SET rules = set_byte(rules, 100, (get_byte(rules, 100) + 1) % 256)", true),
        ("UPDATE content_blobs SET locales = ARRAY['en', 'zh-CN']", false),
    ] {
        sqlx::query(change).execute(&mut db).await.expect("changed");
        let refused = content_blobs::load(&mut db, hash).await.expect_err("refused");
        assert_eq!(matches!(refused, ContentBlobError::Altered(_)), altered, "{refused}");
        assert!(!gateway(&url, &["job", "store-content"]).await.succeeded);
    }
}

#[tokio::test]
async fn old_answers_are_forgotten_once_and_fresh_ones_are_kept() {
    let (url, mut db) = fresh().await;
    sqlx::raw_sql(
        "INSERT INTO users (user_id, username, locale, created_at, updated_at)
         VALUES ('00000000-0000-0000-0000-000000000001', 'forgetful', 'en', now(), now());
         INSERT INTO idempotency_keys (user_id, route, key, request_hash, status, body, created_at)
         SELECT user_id, 'game-advance', n::text, '\\x00', 200, '\\x00',
                now() - CASE WHEN n <= 12000 THEN interval '25 hours' ELSE interval '23 hours' END
         FROM users, generate_series(1, 12010) n",
    )
    .execute(&mut db)
    .await
    .expect("keys");
    let purge = || gateway(&url, &["job", "purge-idempotency-keys"]);
    let (one, other) = tokio::join!(purge(), purge());
    let deleted = |ran: &Ran| ran.said("old answers are forgotten")["deleted"].as_u64().expect("a number");
    assert_eq!(deleted(&one) + deleted(&other), 12_000);
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM idempotency_keys").fetch_one(&mut db).await.expect("a count");
    assert_eq!(left, 10);
}
