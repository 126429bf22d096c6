//! The yearly partitions of `events`: made before they are needed, while everybody writes.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Datelike, Utc};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgExecutor};

/// How many years after the present one have their partition ahead of time.
const YEARS_AHEAD: i32 = 2;

/// Longest wait for a lock. Writers that come meanwhile wait behind us, so it is well below what a request may take.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'";

/// How often a lock is tried for, and how long writers go free in between.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// Rows of the default partition are counted up to here; one is already too many.
const COUNTED: i64 = 1_000;

/// What [`ensure`] had to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ensured {
    /// The years that now have a partition and had none.
    pub created: Vec<i32>,
    /// Rows that were in the default partition and are now in that of their year.
    pub moved: u64,
}

/// Sees to it that this year, the next two, and every year that has rows in the default partition have a partition,
/// and moves those rows there. Several may run at once, and while others write: nobody sees a row twice or misses one.
///
/// A missing partition costs the writers of events a wait of some ten milliseconds, and of as long as its rows take to
/// move where there are any. Readers wait only if they ask for a time that has no partition.
///
/// # Errors
/// When a table of that name is not a partition, or when the lock could not be had in ten attempts of two seconds.
pub async fn ensure(db: &mut PgConnection, now: DateTime<Utc>) -> Result<Ensured, sqlx::Error> {
    let mut years: BTreeSet<i32> = (now.year()..=now.year() + YEARS_AHEAD).collect();
    let stray: Vec<i32> = sqlx::query_scalar(
        "SELECT DISTINCT extract(year FROM created_at AT TIME ZONE 'UTC')::int4 FROM events_default",
    )
    .fetch_all(&mut *db)
    .await?;
    years.extend(stray);
    let mut ensured = Ensured::default();
    for year in years {
        if let Some(moved) = create_patiently(db, year).await? {
            ensured.created.push(year);
            ensured.moved += moved;
        }
    }
    Ok(ensured)
}

/// Where `events` stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Health {
    /// Rows in the default partition, counted up to 1,000.
    pub default_rows: i64,
    /// Consecutive years, this one first, that have a partition.
    pub years: i32,
}

/// Looks at the partitions.
///
/// # Errors
/// When Postgres does not answer.
pub async fn health(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> Result<Health, sqlx::Error> {
    let (default_rows, partitions): (i64, Vec<String>) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM (SELECT FROM events_default LIMIT $1) stray),
                ARRAY(SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                      WHERE i.inhparent = 'events'::regclass)",
    )
    .bind(COUNTED)
    .fetch_one(db)
    .await?;
    let years = (now.year()..).take_while(|year| partitions.contains(&partition_of(*year))).zip(1..).last();
    Ok(Health { default_rows, years: years.map_or(0, |(_, count)| count) })
}

fn partition_of(year: i32) -> String {
    format!("events_{year}")
}

/// Creates a year's partition and tells how many rows moved there; `None` if it was there.
async fn create_patiently(db: &mut PgConnection, year: i32) -> Result<Option<u64>, sqlx::Error> {
    let mut attempt = 1;
    loop {
        match create(db, year).await {
            Err(error) if is_lock_trouble(&error) && attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// In one transaction. Writers are held off at the parent, where they have not yet chosen a partition: one that had
/// chosen the default partition and waited there would be refused once its year has a partition of its own.
async fn create(db: &mut PgConnection, year: i32) -> Result<Option<u64>, sqlx::Error> {
    if exists(&mut *db, year).await? {
        return Ok(None);
    }
    let (partition, from, to) = (partition_of(year), start_of(year), start_of(year + 1));
    let mut tx = db.begin().await?;
    sqlx::query(LOCK_TIMEOUT).execute(&mut *tx).await?;
    sqlx::query("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
    // Another run may have made it while this one waited.
    if exists(&mut *tx, year).await? {
        return Ok(None);
    }
    let run = |sql: String| sqlx::query(AssertSqlSafe(sql));
    let years_rows = format!("created_at >= '{from}' AND created_at < '{to}'");
    let strays = format!("SELECT EXISTS (SELECT FROM events_default WHERE {years_rows})");
    if sqlx::query_scalar(AssertSqlSafe(strays)).fetch_one(&mut *tx).await? {
        // Readers, too: one that has chosen its partitions, and waits at the default one while its rows move, would look for
        // them there afterwards. Where nothing moves nobody waits.
        run("LOCK TABLE events IN ACCESS EXCLUSIVE MODE".to_owned()).execute(&mut *tx).await?;
    }
    run("LOCK TABLE events_default IN ACCESS EXCLUSIVE MODE".to_owned()).execute(&mut *tx).await?;
    run(format!("CREATE TABLE {partition} (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
        .execute(&mut *tx)
        .await?;
    let moved = run(format!(
        "WITH moved AS (
            DELETE FROM events_default WHERE {years_rows} RETURNING *
         )
         INSERT INTO {partition} SELECT * FROM moved"
    ))
    .execute(&mut *tx)
    .await?;
    run(format!("ALTER TABLE events ATTACH PARTITION {partition} FOR VALUES FROM ('{from}') TO ('{to}')"))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Some(moved.rows_affected()))
}

async fn exists(db: impl PgExecutor<'_>, year: i32) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                        WHERE i.inhparent = 'events'::regclass AND c.relname = $1)",
    )
    .bind(partition_of(year))
    .fetch_one(db)
    .await
}

fn start_of(year: i32) -> String {
    format!("{year:04}-01-01 00:00:00+00")
}

/// 55P03 lock not available in time, 40P01 deadlock: both rolled back, and worth another try.
fn is_lock_trouble(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if matches!(error.code().as_deref(), Some("55P03" | "40P01")))
}
