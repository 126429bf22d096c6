//! The connection pool.

use std::{str::FromStr, time::Duration};

use secrecy::ExposeSecret;
use sqlx::{
    ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::config::Config;

/// Longest wait for a connection; then the answer is 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A pool that opens its connections when they are needed.
pub(crate) fn connect_lazy(config: &Config) -> Result<PgPool, sqlx::Error> {
    let options = PgConnectOptions::from_str(config.database_url.expose_secret())?
        .application_name("restart-life")
        .disable_statement_logging();
    // The ping before each use would double the round trips.
    let pool = PgPoolOptions::new()
        .max_connections(config.database_max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false);
    Ok(pool.connect_lazy_with(options))
}
