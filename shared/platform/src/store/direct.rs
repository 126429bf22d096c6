//! A connection past the pool, for jobs: their statements lock tables and may take longer than any request may wait.

use secrecy::ExposeSecret;
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

use crate::config::Config;

/// Opens it.
///
/// # Errors
/// When Postgres does not answer.
pub(crate) async fn connect(config: &Config) -> Result<PgConnection, sqlx::Error> {
    let options: PgConnectOptions = config.database_url.expose_secret().parse()?;
    options.application_name("restart-life-job").disable_statement_logging().connect().await
}
