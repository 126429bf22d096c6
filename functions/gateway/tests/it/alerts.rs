//! Alerts and dashboards ask for metrics by name. `cargo xtask check` holds that every name is in the list of
//! docs/operations/monitoring.md; this holds that the list and a running gateway agree.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use testkit::player::{Player, SeededChooser, Spec};

use crate::server::{Server, settings};

/// The names that the list says are `since`: start, first, or to be exported.
fn listed(since: &str) -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/monitoring.md");
    let document = fs::read_to_string(file).expect("the list");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let rows = rows.filter_map(|row| Some((row.split_once('`')?.0, row.rsplit_once("| ")?.1)));
    rows.filter(|(_, column)| *column == since).map(|(name, _)| name.to_owned()).collect()
}

/// The names on a page of metrics.
fn exported(page: &str) -> BTreeSet<String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types.map(|(name, _)| name.to_owned()).collect()
}

async fn page(server: &Server) -> String {
    let answer = reqwest::get(format!("{}/metrics", server.metrics_url)).await.expect("metrics");
    answer.text().await.expect("a page")
}

/// A whole life, and a request that is sent twice under one key.
async fn play(url: &str) {
    let player = Player::register(url).await.expect("registered");
    let spec = Spec::new("重试", "CN", 1990);
    player.live_to_the_end(&spec, &mut SeededChooser::new(3)).await.expect("a whole life");
    for _ in 0..2 {
        let again = reqwest::Client::new().post(format!("{url}/api/v1/characters")).bearer_auth(player.token().await);
        let answer = again.header("idempotency-key", "twice").json(&json!(spec)).send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
    }
}

#[tokio::test]
async fn a_gateway_exports_what_the_list_of_metrics_says() {
    let server = Server::start(&settings().await);
    play(&server.url).await;
    let exported = exported(&page(&server).await);
    let (start, first, agreed) = (listed("start"), listed("first"), listed("to be exported"));
    assert!(start.contains("http_requests_total") && first.contains("cache_patches_total"), "{start:?}");
    let missing: Vec<_> = start.difference(&exported).collect();
    assert!(missing.is_empty(), "listed as there from the start, and not exported: {missing:?}");
    let kept: Vec<_> = agreed.intersection(&exported).collect();
    assert!(kept.is_empty(), "exported, and still marked as to be exported: {kept:?}");
    let unlisted: Vec<_> = exported.iter().filter(|name| !start.contains(*name) && !first.contains(*name)).collect();
    assert!(unlisted.is_empty(), "exported, and not in the list: {unlisted:?}");
}

#[tokio::test]
async fn what_is_said_of_the_partitions_is_true() {
    let settings = settings().await;
    let (_, url) = settings.iter().find(|(name, _)| *name == "DATABASE_URL").expect("a database");
    let mut db = PgConnection::connect(url).await.expect("a connection");
    let server = Server::start(&settings);
    let before = page(&server).await;
    assert!(before.contains("\nevents_default_partition_rows 0\n"), "{before}");

    sqlx::query(
        "INSERT INTO events VALUES
            (gen_random_uuid(), 1, 1, 'e', 'random', '{}', '2050-01-01'), (gen_random_uuid(), 1, 1, 'e', 'random', '{}', '2051-01-01')",
    )
    .execute(&mut db)
    .await
    .expect("rows");
    sqlx::query("DROP TABLE events_2028").execute(&mut db).await.expect("dropped");
    let after = page(&server).await;
    assert!(after.contains("\nevents_default_partition_rows 2\n"), "{after}");
    let years: i32 =
        sqlx::query_scalar("SELECT 2028 - extract(year FROM now())::int4").fetch_one(&mut db).await.expect("a number");
    assert!(after.contains(&format!("\nevents_partition_years {}\n", years.max(0))), "{after}");
}
