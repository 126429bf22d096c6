//! The scripts of `infra/db` on a real server: each reports what it is for, and nothing where nothing is wrong.

use std::{fs, path::Path};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, types::Json};
use testkit::database;

async fn fresh() -> (String, PgConnection) {
    let url = database::fresh().await.expect("a database");
    let db = connect(&url).await;
    (url, db)
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

async fn run(db: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// What a script prints, a row each.
async fn report(db: &mut PgConnection, script: &str) -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../infra/db/{script}.sql"));
    let text = fs::read_to_string(file).expect("a script");
    let query = text.trim_end().strip_suffix(';').expect("a statement");
    let rows: Vec<Json<Value>> =
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT to_jsonb(report) FROM (\n{query}\n) report")))
            .fetch_all(db)
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"));
    rows.into_iter().map(|Json(row)| row).collect()
}

/// The row whose `column` is `value`.
fn row<'a>(rows: &'a [Value], column: &str, value: &str) -> &'a Value {
    rows.iter().find(|row| row[column] == value).unwrap_or_else(|| panic!("no {value} in {rows:#?}"))
}

/// A table of 100,000 rows, nine of ten of them deleted, and vacuum kept away from it.
const PADDED: &str = "
    CREATE TABLE padded (id int PRIMARY KEY, kind int NOT NULL, pad text NOT NULL) WITH (autovacuum_enabled = false);
    INSERT INTO padded SELECT n, n % 7, repeat('x', 100) FROM generate_series(1, 100000) n;
    CREATE TABLE tight (id int PRIMARY KEY, kind int NOT NULL, pad text NOT NULL);
    INSERT INTO tight SELECT n, n % 7, repeat('x', 100) FROM generate_series(1, 100000) n;
    DELETE FROM padded WHERE id % 10 <> 0;
    SELECT pg_stat_force_next_flush();";

#[tokio::test]
async fn index_health_finds_each_kind_of_trouble_and_none_in_our_schema() {
    let (_, mut db) = fresh().await;
    let ours = report(&mut db, "index-health").await;
    // The seed asks for this one by name, though idx_characters_user_newest could serve in its place.
    let known = |row: &Value| row["finding"] == "prefix" && row["index_name"] == "idx_characters_user_active";
    assert!(ours.iter().all(|row| row["finding"] == "unused" || known(row)), "{ours:#?}");

    run(
        &mut db,
        "CREATE TABLE pets (pet int CONSTRAINT pets_pkey PRIMARY KEY, owner int, kind int, name text,
                            CONSTRAINT pets_owner_fkey FOREIGN KEY (owner) REFERENCES pets);
         CREATE INDEX pets_by_kind ON pets (kind);
         CREATE INDEX pets_by_kind_again ON pets (kind);
         CREATE INDEX pets_by_kind_and_name ON pets (kind, name);
         CREATE INDEX pets_half_built ON pets (name);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pets_half_built'::regclass;
         CREATE INDEX pets_used ON pets (name, kind);
         INSERT INTO pets SELECT n, n, n % 5, n::text FROM generate_series(1, 5000) n;
         ANALYZE pets;
         SET enable_seqscan = off;
         SELECT * FROM pets WHERE name = '7' AND kind = 2;
         SELECT pg_stat_force_next_flush();",
    )
    .await;
    let found = report(&mut db, "index-health").await;
    let found: Vec<_> = found
        .iter()
        .filter(|row| row["table_name"] == "pets")
        .map(|row| (row["finding"].as_str().unwrap_or_default(), row["index_name"].as_str().unwrap_or_default()))
        .collect();
    for expected in [
        ("invalid", "pets_half_built"),
        ("duplicate", "pets_by_kind_again"),
        ("foreign key", ""),
        ("prefix", "pets_by_kind"),
        ("unused", "pets_by_kind_and_name"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    assert!(
        !found.iter().any(|(finding, index)| *finding == "unused" && ["pets_used", "pets_pkey"].contains(index)),
        "{found:?}"
    );
}

#[tokio::test]
async fn bloat_is_seen_where_rows_were_deleted_and_not_where_they_are_packed() {
    let (_, mut db) = fresh().await;
    run(&mut db, PADDED).await;
    run(&mut db, "VACUUM ANALYZE padded").await;
    run(&mut db, "ANALYZE tight").await;
    let rows = report(&mut db, "bloat").await;
    let percent = |name: &str| row(&rows, "name", name)["empty_percent"].as_i64().expect("a number");
    for (name, range) in [("padded", 80..=95), ("padded_pkey", 80..=95), ("tight", 0..=10), ("tight_pkey", 0..=10)] {
        assert!(range.contains(&percent(name)), "{name}: {} %", percent(name));
    }
    assert_eq!(rows[0]["name"], "padded", "the worst comes first");
}

#[tokio::test]
async fn the_slowest_statement_comes_first() {
    let (_, mut db) = fresh().await;
    run(
        &mut db,
        "CREATE EXTENSION pg_stat_statements;
         SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)",
    )
    .await;
    for _ in 0..3 {
        sqlx::query("SELECT pg_sleep(0.2)").execute(&mut db).await.expect("slept");
    }
    let rows = report(&mut db, "slow-queries").await;
    let slowest = &rows[0];
    assert_eq!((&slowest["statement"], &slowest["calls"]), (&json!("SELECT pg_sleep($1)"), &json!(3)), "{rows:#?}");
    assert!(slowest["mean_ms"].as_f64().is_some_and(|mean| mean >= 200.0), "{slowest}");
}

#[tokio::test]
async fn partitions_are_listed_with_what_is_wrong() {
    let (_, mut db) = fresh().await;
    let well = report(&mut db, "partitions").await;
    assert_eq!(
        row(&well, "name", "events_2026")["bounds"],
        "FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')"
    );
    assert!(well.iter().all(|row| row["finding"] == ""), "{well:#?}");

    let next: i32 =
        sqlx::query_scalar("SELECT extract(year FROM now())::int4 + 1").fetch_one(&mut db).await.expect("a year");
    run(&mut db, &format!("DROP TABLE events_{next}")).await;
    run(
        &mut db,
        &format!("INSERT INTO events VALUES (gen_random_uuid(), 1, 1, 'e', 'random', '{{}}', '{next}-05-05')"),
    )
    .await;
    let rows = report(&mut db, "partitions").await;
    assert_eq!(row(&rows, "name", &format!("events_{next}"))["finding"], "missing");
    assert_eq!(row(&rows, "name", "events_default")["finding"], "rows belong to a year of their own");
}

#[tokio::test]
async fn vacuum_advice_names_the_table_that_vacuum_does_not_reach() {
    let (_, mut db) = fresh().await;
    run(&mut db, PADDED).await;
    run(
        &mut db,
        "CREATE TABLE crowded (id int PRIMARY KEY, n int NOT NULL);
         CREATE INDEX crowded_n ON crowded (n);
         INSERT INTO crowded SELECT n, n FROM generate_series(1, 3000) n;
         UPDATE crowded SET n = n + 1;
         SELECT pg_stat_force_next_flush();",
    )
    .await;
    let rows = report(&mut db, "vacuum-advice").await;
    let advice = |name: &str| row(&rows, "table_name", name)["advice"].as_str().expect("text").to_owned();
    assert!(
        advice("padded").starts_with("autovacuum is off for this table; VACUUM (ANALYZE) it"),
        "{}",
        advice("padded")
    );
    assert_eq!(row(&rows, "table_name", "padded")["dead"], 90_000);
    assert!(advice("crowded").contains("lower its fillfactor"), "{}", advice("crowded"));
    assert_eq!((advice("tight"), advice("lives")), (String::new(), String::new()));
}

#[tokio::test]
async fn who_waits_for_whom_and_who_forgot_a_transaction() {
    let (url, mut db) = fresh().await;
    run(&mut db, "CREATE TABLE contested (id int)").await;
    assert_eq!(report(&mut db, "locks").await, [Value::Null; 0]);
    let (mut holder, mut waiter) = (connect(&url).await, connect(&url).await);
    run(&mut holder, "SET application_name = 'holder'; BEGIN; LOCK TABLE contested").await;
    run(&mut waiter, "SET application_name = 'waiter'").await;
    let waiting = tokio::spawn(async move { run(&mut waiter, "SELECT * FROM contested").await });
    let locks = loop {
        let rows = report(&mut db, "locks").await;
        if !rows.is_empty() {
            break rows;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(locks.len(), 1);
    let who = [&locks[0]["waiting_application"], &locks[0]["blocker_application"]];
    assert_eq!(who, ["waiter", "holder"]);
    assert_eq!(
        (&locks[0]["wanted"], &locks[0]["blocker_waits"]),
        (&json!("relation AccessShareLock contested"), &json!(false))
    );

    let open = report(&mut db, "long-transactions").await;
    assert_eq!(open[0]["application"], "holder", "the oldest comes first: {open:#?}");
    assert_eq!(row(&open, "application", "holder")["state"], "idle in transaction");
    let connections = report(&mut db, "connections").await;
    assert_eq!(row(&connections, "application", "waiter")["waiting_for_locks"], 1);
    assert!(connections[0]["used_percent"].as_f64().is_some_and(|percent| percent > 0.0), "{connections:#?}");
    run(&mut holder, "COMMIT").await;
    waiting.await.expect("it got the lock");
}
