//! The schema's history. Only `gateway migrate` (and the migration function) runs it; everyone else checks that it has
//! been run far enough.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, PgConnection,
    migrate::{MigrateError, Migrator},
};

use super::{
    pool::{self, Db},
    statement::Statement,
};
use crate::config::Config;

pub(super) const NEWEST: Statement =
    Statement::read("schema-version", "SELECT max(version) FROM _sqlx_migrations WHERE success");

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// How often one who migrates asks whether another has finished.
const TURN: Duration = Duration::from_millis(50);

/// Brings the schema up to date. Any number may be asked to at once: they take turns.
///
/// # Errors
/// When a migration fails or a migration that was run has since been edited.
pub async fn run(db: &mut PgConnection) -> Result<(), MigrateError> {
    // A statement that waits for sqlx's lock holds a snapshot, which the holder's CREATE INDEX CONCURRENTLY waits for: a
    // deadlock. Asking again and again holds nothing in between.
    while !sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock(hashtext('migrate'))").fetch_one(&mut *db).await?
    {
        tokio::time::sleep(TURN).await;
    }
    let ran = MIGRATOR.run_direct(None, &mut *db, false).await;
    let given_up = sqlx::query("SELECT pg_advisory_unlock(hashtext('migrate'))").execute(db).await;
    // Where the migration failed, that is what to tell.
    ran?;
    given_up?;
    Ok(())
}

/// As [`run`], over a connection of its own to the database of `config`; then lets the server bound every statement
/// of this role.
///
/// # Errors
/// As [`run`], and when Postgres cannot be reached.
pub async fn run_configured(config: &Config) -> Result<(), MigrateError> {
    let mut connection = pool::connect(config).await?;
    run(&mut connection).await?;
    limit_statements(&mut connection, config.database_statement_timeout).await?;
    Ok(())
}

/// Makes the server end each statement of this role in this database after `longest`. A setting of the role, for a `SET`
/// would pin a session of RDS Proxy to its client. Sessions that begin later have it.
///
/// # Errors
/// When the role may not change its own settings.
pub async fn limit_statements(connection: &mut PgConnection, longest: Duration) -> Result<(), sqlx::Error> {
    let alter: String = sqlx::query_scalar(
        "SELECT format('ALTER ROLE %I IN DATABASE %I SET statement_timeout = %L', current_user, current_database(), $1)",
    )
    .bind(format!("{}ms", longest.as_millis()))
    .fetch_one(&mut *connection)
    .await?;
    sqlx::raw_sql(AssertSqlSafe(alter)).execute(connection).await?;
    Ok(())
}

/// Whether the schema is at least as new as this release needs. Newer is fine: migrations expand before they contract.
///
/// # Errors
/// When Postgres does not answer.
pub async fn is_current(db: &Db) -> Result<bool, sqlx::Error> {
    let needed = MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default();
    let found: Result<Option<i64>, _> = sqlx::query_scalar(NEWEST.sql).fetch_one(db).await;
    match found {
        Ok(found) => Ok(found.is_some_and(|found| found >= needed)),
        // 42P01: the table is not there, so nothing was ever migrated.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Names this schema: 16 hex digits that change with any migration.
pub fn fingerprint() -> String {
    use sha2::{Digest, Sha256};
    let hash = MIGRATOR.iter().fold(Sha256::new(), |hash, migration| hash.chain_update(&migration.checksum));
    hex::encode(&hash.finalize()[..8])
}
