//! What `cargo xtask drill migrate` runs: the release before and this one on the same database, while this one's migrations
//! are run (expand), while both serve, and while what neither of them needs is dropped (contract). No request may fail,
//! and no statement of the release before may wait for a lock beyond a bound.
//!
//! The release before is its own statements, kept as they were for the tests of the schema, on its own schema and data;
//! this release is its real program. Nothing has had to be contracted so far, so that half is rehearsed with a column
//! of every busy table that comes and goes.

mod new;
mod old;
#[path = "../../tests/it/schema/statements.rs"]
#[expect(dead_code, reason = "the list of all of them is for the tests")]
mod statements;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::services::{Profile, Sandbox};
use tokio::task::JoinSet;
use uuid::Uuid;

use self::{
    new::New,
    old::{LOCK_BOUND, Old},
};

/// A database as the release before left it.
const PREVIOUS: &str = include_str!("../../tests/it/schema/fixtures/20261122110400.sql");
/// Its player, for whom both releases play.
const PLAYER: Uuid = Uuid::from_u128(0x01a2_05a7_ecf5_71fa_94ae_6837_10b7_0db2);
/// Connections of the release before.
const OLD: u64 = 6;
/// Players of this one.
const NEW: u64 = 6;
/// How long each state is lived in.
const MOMENT: Duration = Duration::from_secs(4);
/// Tables that every player's requests touch.
const BUSY: [&str; 10] = [
    "users",
    "identities",
    "sessions",
    "characters",
    "character_attributes",
    "lives",
    "life_log",
    "events",
    "decisions",
    "idempotency_keys",
];
/// What each release must have done at least; this machine does thirty times as much.
const OLD_FLOOR: u64 = 300;
const NEW_FLOOR: u64 = 100;

#[derive(Parser)]
struct Args {
    /// Accounts in the database beforehand, each with a session: so that an index takes its time to be built.
    #[arg(long, default_value_t = 50_000)]
    accounts: u64,
}

/// What both releases did.
#[derive(Default)]
struct Counts {
    old: AtomicU64,
    old_failures: AtomicU64,
    /// The longest statement of the release before, us.
    slowest: AtomicU64,
    new: AtomicU64,
    new_failures: AtomicU64,
    old_is_gone: AtomicBool,
    over: AtomicBool,
    findings: Mutex<Vec<String>>,
}

impl Counts {
    fn old_did(&self, took: Duration) {
        self.old.fetch_add(1, Ordering::Relaxed);
        self.slowest.fetch_max(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn old_failed(&self, what: String) {
        self.old_failures.fetch_add(1, Ordering::Relaxed);
        self.find(what);
    }

    fn new_failed(&self, what: String) {
        self.new_failures.fetch_add(1, Ordering::Relaxed);
        self.find(what);
    }

    fn find(&self, what: String) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        if findings.len() < 10 {
            findings.push(what);
        }
    }

    fn old_is_gone(&self) -> bool {
        self.old_is_gone.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn failures(&self) -> (u64, u64) {
        (self.old_failures.load(Ordering::Relaxed), self.new_failures.load(Ordering::Relaxed))
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the drill's figures")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let sandbox = Sandbox::new()?;
    let services = sandbox.services().clone();
    let (postgres, redis) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((services.postgres(Profile::Drill)?, services.redis(Profile::Drill)?))
    })
    .await??;
    let url = postgres.admin_url;
    let mut admin = PgConnection::connect(&url).await?;
    sqlx::raw_sql(PREVIOUS).execute(&mut admin).await.context("the dump of the release before")?;
    // The dump empties the search path of its session.
    let mut admin = PgConnection::connect(&url).await?;
    fill(&mut admin, args.accounts).await?;

    let counts = Arc::new(Counts::default());
    let mut old = JoinSet::new();
    for number in 0..OLD {
        let one = Old::connect(&url, number, Arc::clone(&counts)).await?;
        old.spawn(one.serve((number == 0).then_some(PLAYER)));
    }
    let watched = tokio::spawn(watch(url.clone(), Arc::clone(&counts)));
    tokio::time::sleep(MOMENT).await;

    // As a rollout has it: the new program is there and gets no traffic before its schema is.
    let new = New::start(&url, &redis.url).await?;
    new.wants_its_schema().await?;
    let since = Instant::now();
    new.migrate().await?;
    let migrating = since.elapsed();
    new.ready().await?;
    let players = new.play(NEW, &counts).await?;
    tokio::time::sleep(MOMENT * 2).await;
    let (old_failed, both_failed) = counts.failures();
    let slowest = counts.slowest.load(Ordering::Relaxed);

    // Each reads what the other wrote.
    let listed = new.lists_the_characters_of("lin_an", "a long and quiet river").await?;
    let mut reader = Old::connect(&url, OLD, Arc::clone(&counts)).await?;
    let theirs: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT user_id, character_id FROM lives JOIN users USING (user_id) WHERE starts_with(username, 'p_') LIMIT 50",
    )
    .fetch_all(&mut admin)
    .await?;
    for (user, character) in &theirs {
        reader.understands(*user, *character).await?;
    }

    let noticed = careless(&url, &counts).await? - old_failed;
    counts.old_is_gone.store(true, Ordering::Relaxed);
    while let Some(ended) = old.join_next().await {
        ended?;
    }
    let before = counts.failures().1;
    let contracted = contract(&mut admin).await?;
    let new_failed = both_failed + counts.failures().1 - before;
    counts.over.store(true, Ordering::Relaxed);
    players.end().await?;
    let longest_wait = watched.await??;
    new.stop().await?;

    let findings = counts.findings.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for finding in &findings {
        println!("{finding}");
    }
    let (old_did, new_did) = (counts.old.load(Ordering::Relaxed), counts.new.load(Ordering::Relaxed));
    println!(
        "accounts={} migrating_s={:.1} old_statements={old_did} old_failed={old_failed} slowest_old_ms={} longest_lock_wait_ms={} \
         new_requests={new_did} new_failed={new_failed} old_read_of_new={} new_read_of_old={listed} contracted={contracted} \
         careless_failed={noticed}",
        args.accounts,
        migrating.as_secs_f64(),
        slowest / 1_000,
        longest_wait.as_millis(),
        theirs.len(),
    );
    ensure!(old_failed == 0, "the release before failed while this one's migrations were run, or beside it");
    ensure!(new_failed == 0, "this release failed beside the one before, or while the schema was contracted");
    ensure!(noticed > 0, "the drill would not have noticed a migration that keeps its lock");
    let enough = old_did >= OLD_FLOOR && new_did >= NEW_FLOOR && listed > 2 && !theirs.is_empty();
    ensure!(enough && contracted == BUSY.len(), "the drill did less than it should have");
    Ok(())
}

/// Accounts of other people, signed in.
async fn fill(db: &mut PgConnection, accounts: u64) -> Result<()> {
    let accounts = i64::try_from(accounts)?;
    for statement in [
        "INSERT INTO users (user_id, username, email, is_guest, locale, version, created_at, updated_at)
         SELECT gen_random_uuid(), 'bulk_' || n, NULL, false, 'en', 1, now(), now() FROM generate_series(1, $1) n",
        "INSERT INTO identities (user_id, provider, subject, secret, created_at)
         SELECT user_id, 'password', user_id::text, 'x', now() FROM users WHERE starts_with(username, 'bulk_') LIMIT $1",
        "INSERT INTO sessions (session_id, user_id, refresh_hash, refresh_expires_at, platform, created_at)
         SELECT gen_random_uuid(), user_id, sha256(user_id::text::bytea), now() + interval '30 days', 'web', now()
         FROM users WHERE starts_with(username, 'bulk_') LIMIT $1",
    ] {
        sqlx::query(statement).bind(accounts).execute(&mut *db).await?;
    }
    sqlx::raw_sql("ANALYZE").execute(db).await?;
    Ok(())
}

/// The longest that anybody waited for a lock, as far as looking every few milliseconds shows.
async fn watch(url: String, counts: Arc<Counts>) -> Result<Duration> {
    let mut db = PgConnection::connect(&url).await?;
    let mut longest = 0.0_f64;
    // What comes after the release before is gone is not its players' concern, and what the drill does badly on purpose
    // ends with it.
    while !counts.old_is_gone() && counts.failures().0 == 0 {
        let waits: f64 = sqlx::query_scalar(
            "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)::float8 FROM pg_locks WHERE NOT granted",
        )
        .fetch_one(&mut db)
        .await?;
        longest = longest.max(waits);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(Duration::from_secs_f64(longest))
}

/// A migration as it must not be: it takes a lock that keeps everybody out, and keeps it. How many failures there are then.
async fn careless(url: &str, counts: &Counts) -> Result<u64> {
    let mut db = PgConnection::connect(url).await?;
    sqlx::raw_sql("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").execute(&mut db).await?;
    let deadline = Instant::now() + LOCK_BOUND * 10;
    while counts.failures().0 == 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut db).await?;
    Ok(counts.failures().0)
}

/// Gives every busy table a column that no release knows, and takes it away again, as a contraction does: how many. Each
/// waits for its lock for a moment only, and tries again, so that nobody queues behind it.
async fn contract(db: &mut PgConnection) -> Result<usize> {
    sqlx::raw_sql("SET lock_timeout = '200ms'").execute(&mut *db).await?;
    let mut contracted = 0;
    for table in BUSY {
        for change in ["ADD COLUMN rehearsal text", "DROP COLUMN rehearsal"] {
            let statement = format!("ALTER TABLE {table} {change}");
            let deadline = Instant::now() + Duration::from_secs(60);
            while let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut *db).await {
                // 55P03: the lock was not to be had in time.
                let is_late =
                    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("55P03");
                ensure!(is_late && Instant::now() < deadline, "{statement}: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        contracted += 1;
    }
    Ok(contracted)
}
