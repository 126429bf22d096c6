//! The connections to Postgres, and the handle through which every statement goes.
//!
//! # When a statement is sent again
//! Once, on a fresh connection, when the one it was sent on had been used before and turns out to be lost:
//! - a read, whatever became of it, unless the server stayed silent for as long as anybody waits;
//! - a write only where the server cannot have committed it: it said that it ends the session before it said
//!   anything about the statement (it answers in order, so it had not run it), or our side could not send the whole
//!   of it (`BrokenPipe`; what makes a statement commit is its last message).
//!
//! The second sending begins within the acquire timeout, counted from the start, or not at all. So whatever happens, a
//! statement has committed within acquire timeout + statement timeout, or never will: fences in Redis rely on that.
//!
//! Every other write that is cut off is a 503, and the client repeats it under its Idempotency-Key.

mod connections;

use std::{
    fmt, io,
    str::FromStr,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use secrecy::ExposeSecret;
use sqlx::{
    ConnectOptions, Describe, Either, Error, Execute, Executor, PgConnection, Postgres, SqlStr,
    error::BoxDynError,
    postgres::{
        PgArguments, PgConnectOptions, PgDatabaseError, PgQueryResult, PgRow, PgSeverity, PgStatement, PgTypeInfo,
    },
};
use tokio::time::timeout;

use self::connections::{Census, Connections, Lease};
use super::statement::Statement;
use crate::{config::Config, ctx::World, http::info::RequestInfo, telemetry::traces::Open};

/// How much longer than its statement timeout the server is waited for. After that the connection is given up.
const GRACE: Duration = Duration::from_secs(1);
/// From here on a statement is slow: the limit for a query that the game set itself.
const SLOW: Duration = Duration::from_millis(50);

/// A handle to Postgres. Cloning is two reference counts. `&Db` is an [`Executor`]: what runs through it is counted to
/// the request it belongs to.
#[derive(Clone)]
pub struct Db {
    connections: Arc<Connections>,
    max_connections: u32,
    acquire_timeout: Duration,
    patience: Duration,
    request: Option<RequestInfo>,
}

impl Db {
    /// A pool that opens its connections when they are needed.
    pub(crate) fn connect_lazy(config: &Config, world: Arc<dyn World>) -> Result<Self, Error> {
        let (max, acquire_timeout) = (config.database_max_connections, config.database_acquire_timeout);
        let connections = Connections::new(options(config)?, max, acquire_timeout, world);
        let patience = config.database_statement_timeout + GRACE;
        Ok(Self { connections: Arc::new(connections), max_connections: max, acquire_timeout, patience, request: None })
    }

    /// The same connections, counted to a request.
    pub(crate) fn counted_to(&self, request: &RequestInfo) -> Self {
        Self { request: Some(request.clone()), ..self.clone() }
    }

    /// Writes the state of the connections into the metrics, for a scrape that is about to read them.
    pub fn report(&self) {
        let Census { idle, in_use } = self.connections.census();
        for (state, count) in [("idle", idle), ("in_use", in_use)] {
            metrics::gauge!("database_connections", "state" => state).set(u32::try_from(count).unwrap_or(u32::MAX));
        }
        metrics::gauge!("database_connections_max").set(self.max_connections);
    }

    /// Runs a statement and gathers what it gives.
    async fn run(&self, query: Text) -> Result<Vec<Either<PgQueryResult, PgRow>>, Error> {
        let statement = Statement::of(query.sql.as_str());
        let name = statement.map_or("other", |statement| statement.name);
        if let Some(request) = &self.request {
            request.trips().sql.fetch_add(1, Ordering::Relaxed);
        }
        let mut span = self.request.as_ref().and_then(|request| request.trips().trace()).map(|trace| trace.call(name));
        if let Some(span) = &mut span {
            span.set("db.system.name", "postgresql");
            span.set("db.query.summary", name);
        }
        let again_by = Instant::now() + self.acquire_timeout;
        let lease = self.connections.acquire().await.inspect_err(|error| failed(span.as_mut(), error))?;
        if let Some(span) = &mut span {
            span.event("connected");
        }
        let started = Instant::now();
        let is_read = statement.is_some_and(|statement| statement.is_read);
        let result = self.run_on(lease, query, is_read, again_by).await;
        let result = result.inspect_err(|error| failed(span.as_mut(), error));
        let elapsed = started.elapsed();
        metrics::histogram!("database_query_duration_seconds", "query" => name).record(elapsed.as_secs_f64());
        if elapsed >= SLOW {
            self.tell_slow(name, elapsed);
        }
        result
    }

    /// A line for who asks why: the statement's name, never its values.
    fn tell_slow(&self, query: &'static str, elapsed: Duration) {
        let request = self.request.as_ref();
        tracing::warn!(
            query,
            duration_ms = elapsed.as_secs_f64() * 1000.0,
            route = request.map(|request| request.route().id),
            request_id = request.map(RequestInfo::request_id),
            trace_id = request.map(RequestInfo::trace_id),
            user_id = request.and_then(RequestInfo::user_id).map(tracing::field::display),
            "slow statement"
        );
    }

    async fn run_on(
        &self,
        mut lease: Lease<'_>,
        query: Text,
        is_read: bool,
        again_by: Instant,
    ) -> Result<Vec<Either<PgQueryResult, PgRow>>, Error> {
        let again = if lease.is_fresh { None } else { query.again() };
        let mut given = Vec::new();
        let ended = self.send(&mut lease.connection, query, &mut given).await;
        let Err(error) = ended else {
            lease.give_back();
            return Ok(given);
        };
        match Loss::of(&error) {
            Loss::None => lease.give_back(),
            // Not the server's doing, but nobody knows what is still to come on this connection.
            Loss::Confused => drop(lease),
            Loss::Silent => lease.is_dead(),
            loss @ (Loss::Ended | Loss::Unsent | Loss::Broken) => {
                lease.is_dead();
                let not_committed = loss == Loss::Unsent || (loss == Loss::Ended && given.is_empty());
                if let Some(again) = again
                    && (is_read || not_committed)
                {
                    let mut lease = self.connections.replace(lease, again_by).await?;
                    given.clear();
                    self.send(&mut lease.connection, again, &mut given).await?;
                    lease.give_back();
                    return Ok(given);
                }
            }
        }
        Err(error)
    }

    async fn send(
        &self,
        connection: &mut PgConnection,
        query: Text,
        given: &mut Vec<Either<PgQueryResult, PgRow>>,
    ) -> Result<(), Error> {
        let Text { sql, arguments, is_persistent } = query;
        let gathered = async {
            let mut answer = match arguments.map_err(Error::Encode)? {
                Some(arguments) => connection.fetch_many(sqlx::query_with(sql, arguments).persistent(is_persistent)),
                None => connection.fetch_many(sqlx::raw_sql(sql)),
            };
            while let Some(item) = answer.try_next().await? {
                given.push(item);
            }
            Ok(())
        };
        let late = || Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server did not end a statement in time"));
        timeout(self.patience, gathered).await.unwrap_or_else(|_| Err(late()))
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").finish_non_exhaustive()
    }
}

/// Tells a span why its statement failed: by the server's code, or in a word where the server said nothing.
fn failed(span: Option<&mut Open<'_>>, error: &Error) {
    let Some(span) = span else { return };
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if let Some(code) = code {
        span.set("db.response.status_code", code.clone().into_owned());
        return span.failed(code.into_owned());
    }
    span.failed(match error {
        Error::PoolTimedOut => "no_connection",
        Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => "timeout",
        Error::Io(_) | Error::Tls(_) => "connection_lost",
        _ => "_OTHER",
    });
}

/// A statement with what is bound to it, taken out of whatever kind of query it came in.
struct Text {
    sql: SqlStr,
    arguments: Result<Option<PgArguments>, BoxDynError>,
    is_persistent: bool,
}

impl Text {
    fn of<'q>(mut query: impl Execute<'q, Postgres>) -> Self {
        let (arguments, is_persistent) = (query.take_arguments(), query.persistent());
        Self { arguments, is_persistent, sql: query.sql() }
    }

    /// A copy to be sent if the first is lost; `None` when there is nothing that could be sent.
    fn again(&self) -> Option<Self> {
        let arguments = self.arguments.as_ref().ok()?.clone();
        Some(Self { sql: self.sql.clone(), arguments: Ok(arguments), is_persistent: self.is_persistent })
    }
}

/// What an error says about the connection it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// It is as good as before: the server refused the statement.
    None,
    /// The two sides no longer understand each other.
    Confused,
    /// The server said that it ends the session.
    Ended,
    /// The whole of the statement could not be sent.
    Unsent,
    /// It broke off; who knows when.
    Broken,
    /// Nothing came in time.
    Silent,
}

impl Loss {
    fn of(error: &Error) -> Self {
        match error {
            Error::Database(error) => {
                match error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity) {
                    Some(PgSeverity::Fatal | PgSeverity::Panic) => Self::Ended,
                    _ => Self::None,
                }
            }
            Error::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => Self::Unsent,
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Self::Silent,
            Error::Io(_) | Error::Tls(_) => Self::Broken,
            _ => Self::Confused,
        }
    }
}

/// A connection that belongs to no pool: for migrations and jobs, which may take as long as they need.
pub(crate) async fn connect(config: &Config) -> Result<PgConnection, Error> {
    options(config)?.options([("statement_timeout", "0")]).connect().await
}

fn options(config: &Config) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(config.database_url.expose_secret())?;
    Ok(options.application_name("restart-life").disable_statement_logging())
}

impl<'c> Executor<'c> for &'c Db {
    type Database = Postgres;

    /// Hands rows out when all have come: a slow reader must not keep the connection.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = self.run(Text::of(query));
        stream::once(all).map_ok(|all| stream::iter(all.into_iter().map(Ok))).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = self.run(Text::of(query));
        async move { Ok(all.await?.into_iter().find_map(Either::right)) }.boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        async move {
            let mut lease = self.connections.acquire().await?;
            let prepared = lease.connection.prepare_with(sql, parameters).await?;
            lease.give_back();
            Ok(prepared)
        }
        .boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        async move {
            let mut lease = self.connections.acquire().await?;
            let described = lease.connection.describe(sql).await?;
            lease.give_back();
            Ok(described)
        }
        .boxed()
    }
}
