//! The job that makes partitions, against writers, readers and itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use chrono::{DateTime, TimeZone as _, Utc};
use platform::store::partitions::{self, Ensured, Health};
use sqlx::{Connection as _, PgConnection};
use testkit::database;
use tokio::task::JoinSet;
use uuid::Uuid;

/// The middle of a year.
fn june(year: i32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, 6, 1, 12, 0, 0).single().expect("a time")
}

async fn fresh() -> (String, PgConnection) {
    let url = database::fresh().await.expect("a database");
    let db = connect(&url).await;
    (url, db)
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

async fn write(db: &mut PgConnection, life: Uuid, seq: i32, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO events VALUES ($1, $2, 1, 'e', 'random', '{}', $3)")
        .bind(life)
        .bind(seq)
        .bind(at)
        .execute(db)
        .await
        .map(|_| ())
}

/// Partition and number of rows, for each partition that has any.
async fn rows_by_partition(db: &mut PgConnection) -> Vec<(String, i64)> {
    sqlx::query_as("SELECT tableoid::regclass::text, count(*) FROM events GROUP BY 1 ORDER BY 1")
        .fetch_all(db)
        .await
        .expect("rows")
}

#[tokio::test]
async fn a_missing_year_gets_its_partition_and_the_rows_that_were_waiting_for_it() {
    let (_, mut db) = fresh().await;
    let life = Uuid::new_v4();
    let edge = Utc.with_ymd_and_hms(2032, 1, 1, 0, 0, 0).single().expect("a time");
    let times = [june(2026), june(2031), edge - chrono::Duration::microseconds(1), edge, june(2044)];
    for (at, seq) in times.into_iter().zip(1..) {
        write(&mut db, life, seq, at).await.expect("written");
    }
    let health = partitions::health(&mut db, june(2031)).await.expect("a look");
    assert_eq!(health, Health { default_rows: 4, years: 0 });

    let ensured = partitions::ensure(&mut db, june(2031)).await.expect("made");
    assert_eq!(ensured, Ensured { created: vec![2031, 2032, 2033, 2044], moved: 4 });
    let expected = [("events_2026", 1), ("events_2031", 2), ("events_2032", 1), ("events_2044", 1)];
    assert_eq!(rows_by_partition(&mut db).await, expected.map(|(name, rows)| (name.to_owned(), rows)));
    let health = partitions::health(&mut db, june(2031)).await.expect("a look");
    assert_eq!(health, Health { default_rows: 0, years: 3 });

    let again = partitions::ensure(&mut db, june(2031)).await.expect("nothing to do");
    assert_eq!(again, Ensured::default());
}

#[tokio::test]
async fn a_partition_made_later_is_like_the_first_ones() {
    const SHAPE: &str = "SELECT
            (SELECT array_agg((attname, atttypid, attnotnull)::text ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0),
            (SELECT array_agg(replace(pg_get_constraintdef(oid) || conislocal, $1, '') ORDER BY contype, conname)
             FROM pg_constraint WHERE conrelid = $1::regclass),
            (SELECT array_agg(replace(indexdef, $1, '') ORDER BY indexname) FROM pg_indexes WHERE tablename = $1)";
    let (_, mut db) = fresh().await;
    partitions::ensure(&mut db, june(2031)).await.expect("made");
    let mut shapes = Vec::new();
    for partition in ["events_2024", "events_2031"] {
        let shape: (Vec<String>, Vec<String>, Vec<String>) =
            sqlx::query_as(SHAPE).bind(partition).fetch_one(&mut db).await.expect("a shape");
        shapes.push(shape);
    }
    assert_eq!(shapes[0], shapes[1]);
}

#[tokio::test]
async fn of_several_runs_at_once_each_partition_is_made_by_one() {
    let (url, mut db) = fresh().await;
    write(&mut db, Uuid::new_v4(), 1, june(2031)).await.expect("written");
    let mut runs = JoinSet::new();
    for _ in 0..8 {
        let mut db = connect(&url).await;
        runs.spawn(async move { partitions::ensure(&mut db, june(2031)).await.expect("made or found") });
    }
    let all = runs.join_all().await;
    let mut created: Vec<_> = all.iter().flat_map(|one| one.created.clone()).collect();
    created.sort_unstable();
    assert_eq!(created, [2031, 2032, 2033]);
    assert_eq!(all.iter().map(|one| one.moved).sum::<u64>(), 1);
}

/// Six writers and two readers at full speed while the rows of their year move out of the default partition: every
/// write succeeds, and no reader ever sees one twice or misses one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_refused_while_rows_move() {
    let (url, mut db) = fresh().await;
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let mut writers = JoinSet::new();
    for _ in 0..6 {
        let (mut db, stop, acknowledged) = (connect(&url).await, Arc::clone(&stop), Arc::clone(&acknowledged));
        writers.spawn(async move {
            let life = Uuid::new_v4();
            for seq in 1.. {
                // Two years of three have no partition yet.
                let year = 2030 - seq % 3;
                write(&mut db, life, seq, june(year)).await.expect("no writer is refused");
                acknowledged.fetch_add(1, Ordering::SeqCst);
                if stop.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
    }
    let mut readers = JoinSet::new();
    for _ in 0..2 {
        let (mut db, stop, acknowledged) = (connect(&url).await, Arc::clone(&stop), Arc::clone(&acknowledged));
        readers.spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let before = acknowledged.load(Ordering::SeqCst);
                let (all, different): (i64, i64) =
                    sqlx::query_as("SELECT count(*), count(DISTINCT (character_id, seq)) FROM events")
                        .fetch_one(&mut db)
                        .await
                        .expect("no reader is refused");
                assert_eq!(all, different, "a row was seen twice");
                assert!(all >= before, "{all} rows are seen of {before} that were acknowledged");
            }
        });
    }
    let reached = async |count: i64| {
        while acknowledged.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    };
    reached(300).await;
    let ensured = partitions::ensure(&mut db, june(2029)).await.expect("made");
    reached(acknowledged.load(Ordering::SeqCst) + 300).await;
    stop.store(true, Ordering::SeqCst);
    writers.join_all().await;
    readers.join_all().await;

    assert_eq!(ensured.created, [2029, 2030, 2031]);
    assert!(ensured.moved >= 100, "{} rows moved", ensured.moved);
    let rows = rows_by_partition(&mut db).await;
    assert_eq!(
        rows.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["events_2028", "events_2029", "events_2030"]
    );
    assert_eq!(rows.iter().map(|(_, rows)| rows).sum::<i64>(), acknowledged.load(Ordering::SeqCst));
}
