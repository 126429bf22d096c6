//! Alert rules ask for metrics by name; the names must be those that a running gateway exports.

use std::{collections::BTreeSet, fs, path::Path};

use sqlx::{Connection as _, PgConnection};

use crate::server::{Server, settings};

/// The metrics that the rules of `infra/prometheus/rules` ask for.
fn metrics_of_rules() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/prometheus/rules");
    let files = fs::read_dir(&folder).expect("the rules").map(|file| file.expect("a file").path());
    let rules: String = files.map(|file| fs::read_to_string(file).expect("text")).collect();
    let expressions = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    // Functions of PromQL that could be taken for metrics by their underscore do not occur in our rules.
    let words = expressions.flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
    words.filter(|word| word.contains('_')).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_metric_of_an_alert_is_exported_and_tells_the_truth() {
    let settings = settings().await;
    let (_, url) = settings.iter().find(|(name, _)| *name == "DATABASE_URL").expect("a database");
    let mut db = PgConnection::connect(url).await.expect("a connection");
    let server = Server::start(&settings);
    let page = async || {
        let answer = reqwest::get(format!("{}/metrics", server.metrics_url)).await.expect("metrics");
        answer.text().await.expect("a page")
    };
    let before = page().await;
    let names = metrics_of_rules();
    assert!(names.contains("events_default_partition_rows"), "{names:?}");
    for name in names {
        assert!(before.contains(&format!("# TYPE {name} ")), "{name} is not exported:\n{before}");
    }
    assert!(before.contains("\nevents_default_partition_rows 0\n"), "{before}");

    sqlx::query(
        "INSERT INTO events VALUES
            (gen_random_uuid(), 1, 1, 'e', 'random', '{}', '2050-01-01'), (gen_random_uuid(), 1, 1, 'e', 'random', '{}', '2051-01-01')",
    )
    .execute(&mut db)
    .await
    .expect("rows");
    sqlx::query("DROP TABLE events_2028").execute(&mut db).await.expect("dropped");
    let after = page().await;
    assert!(after.contains("\nevents_default_partition_rows 2\n"), "{after}");
    let years: i32 =
        sqlx::query_scalar("SELECT 2028 - extract(year FROM now())::int4").fetch_one(&mut db).await.expect("a number");
    assert!(after.contains(&format!("\nevents_partition_years {}\n", years.max(0))), "{after}");
}
