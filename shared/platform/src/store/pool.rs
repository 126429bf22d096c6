//! The connections to Postgres, and the handle through which every statement goes.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use secrecy::ExposeSecret;
use sqlx::{
    ConnectOptions, Describe, Either, Execute, Executor, PgConnection, PgPool, Postgres, SqlStr,
    postgres::{PgConnectOptions, PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};

use crate::{config::Config, http::RoundTrips};

/// Longest wait for a connection; then the answer is 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A handle to Postgres. Cloning is two reference counts. `&Db` is an [`Executor`]: what runs through it is counted to
/// the request it belongs to.
#[derive(Clone)]
pub struct Db {
    pool: PgPool,
    trips: Option<Arc<RoundTrips>>,
}

impl Db {
    /// A pool that opens its connections when they are needed.
    pub(crate) fn connect_lazy(config: &Config) -> Result<Self, sqlx::Error> {
        // The ping before each use would double the round trips.
        let pool = PgPoolOptions::new()
            .max_connections(config.database_max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false);
        Ok(Self { pool: pool.connect_lazy_with(options(config)?), trips: None })
    }

    /// The same connections, counted to a request.
    pub(crate) fn counted_to(&self, trips: &Arc<RoundTrips>) -> Self {
        Self { pool: self.pool.clone(), trips: Some(Arc::clone(trips)) }
    }

    fn count(&self) {
        if let Some(trips) = &self.trips {
            trips.sql.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").finish_non_exhaustive()
    }
}

/// A connection that belongs to no pool: for migrations.
pub(super) async fn connect(config: &Config) -> Result<PgConnection, sqlx::Error> {
    options(config)?.connect().await
}

fn options(config: &Config) -> Result<PgConnectOptions, sqlx::Error> {
    let options = PgConnectOptions::from_str(config.database_url.expose_secret())?;
    Ok(options.application_name("restart-life").disable_statement_logging())
}

impl<'c> Executor<'c> for &'c Db {
    type Database = Postgres;

    /// Hands rows out when all have come: a slow reader must not keep the connection.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        self.count();
        let all = async move { self.pool.acquire().await?.fetch_many(query).try_collect::<Vec<_>>().await };
        stream::once(all).map_ok(|all| stream::iter(all.into_iter().map(Ok))).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        self.count();
        async move { self.pool.acquire().await?.fetch_optional(query).await }.boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, sqlx::Error>>
    where
        'c: 'e,
    {
        self.pool.describe(sql)
    }
}
