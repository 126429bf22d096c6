//! The schema's rules: what constraints are called and mean, what a migration may do, and that the release before this one
//! and this one can both live on today's schema.

mod constraints;
mod migrations;
mod previous;
mod statements;
mod upgrade;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::database;

use crate::jobs::gateway;

/// What the release before wrote; its own head says how it was made.
const PREVIOUS: &str = include_str!("fixtures/20261122110400.sql");

/// The player of the fixture, and the life that goes on.
const USER: &str = "01a205a7-ecf5-71fa-94ae-683710b70db2";
const CHARACTER: &str = "01a205a7-ee21-7258-bcdd-9766c882d15b";

/// A database that the release before wrote and today's `gateway migrate` has upgraded.
async fn upgraded() -> String {
    let url = database::blank().await.expect("a database");
    let mut db = PgConnection::connect(&url).await.expect("a connection");
    sqlx::raw_sql(AssertSqlSafe(PREVIOUS)).execute(&mut db).await.expect("the dump restores");
    db.close().await.expect("closed");
    let migrated = gateway(&url, &["migrate"]).await;
    assert!(migrated.succeeded, "{}", migrated.stderr);
    url
}
