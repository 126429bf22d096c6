//! A stack of connections behind a fair semaphore.
//!
//! sqlx's own pool pings a connection whenever it is given back, one more round trip for each statement, and knows
//! idle time only by the monotonic clock, which stops while a Lambda container is frozen. Here a connection goes back
//! as it is, and is asked whether it is still there only after an idle spell by the wall clock.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{ConnectOptions as _, Connection as _, Error, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{timeout, timeout_at},
};

use crate::ctx::World;

/// Idle for longer than this, a connection is pinged before it is used: shorter than what NAT gateways, proxies and
/// frozen containers leave alive unseen, longer than any pause of a busy process.
const IDLE_SPELL: TimeDelta = TimeDelta::seconds(10);

/// Longest wait for that ping. A healthy server answers in a millisecond or two; a half-open socket never does.
const PING_PATIENCE: Duration = Duration::from_millis(250);

/// How long no connection is opened after one was refused.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Connections {
    options: PgConnectOptions,
    max: usize,
    acquire_timeout: Duration,
    world: Arc<dyn World>,
    /// One permit a connection, handed out first come, first served.
    permits: Semaphore,
    idle: Mutex<Stack>,
}

/// Connections at rest, the one used last on top, so that a quiet process keeps few of them warm.
#[derive(Default)]
struct Stack {
    resting: Vec<Resting>,
    /// Raised when a connection turns out dead: those opened before are not used again.
    generation: u64,
    /// When a connection was refused, until one is opened again.
    refused_at: Option<Instant>,
}

struct Resting {
    connection: PgConnection,
    since: DateTime<Utc>,
}

/// What a pool looks like at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Census {
    /// Connections at rest.
    pub(super) idle: usize,
    /// Connections running a statement, or being opened.
    pub(super) in_use: usize,
}

impl Connections {
    pub(super) fn new(options: PgConnectOptions, max: u32, acquire_timeout: Duration, world: Arc<dyn World>) -> Self {
        let max = usize::try_from(max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { options, max, acquire_timeout, world, permits: Semaphore::new(max), idle: Mutex::default() }
    }

    /// A connection that answers, as far as can be known without asking each time.
    pub(super) async fn acquire(&self) -> Result<Lease<'_>, Error> {
        let started = Instant::now();
        let lease = timeout(self.acquire_timeout, self.lease()).await.unwrap_or(Err(Error::PoolTimedOut));
        metrics::histogram!("database_acquire_duration_seconds").record(started.elapsed().as_secs_f64());
        lease
    }

    async fn lease(&self) -> Result<Lease<'_>, Error> {
        let permit = self.permits.acquire().await.map_err(|_| Error::PoolClosed)?;
        while let Some((resting, generation)) = self.pop() {
            let Resting { mut connection, since } = resting;
            // A clock that was set back tells nothing about the spell: then ask, too.
            if (self.world.now() - since).abs() <= IDLE_SPELL || answers(&mut connection).await {
                return Ok(Lease { connections: self, connection, generation, is_fresh: false, permit });
            }
            self.discard(generation);
        }
        self.open(permit).await
    }

    /// A connection that was never used, in the place of one that broke; open by `deadline`, or not at all.
    pub(super) async fn replace<'a>(&'a self, broken: Lease<'a>, deadline: Instant) -> Result<Lease<'a>, Error> {
        let Lease { permit, .. } = broken;
        timeout_at(deadline.into(), self.open(permit)).await.unwrap_or(Err(Error::PoolTimedOut))
    }

    /// Opens at once or fails at once: while Postgres is away a request is told so, rather than kept waiting; and
    /// Postgres is not asked by every one of them, for it can only come up when it has time for something else.
    async fn open<'a>(&'a self, permit: SemaphorePermit<'a>) -> Result<Lease<'a>, Error> {
        let generation = {
            let stack = self.stack();
            if stack.refused_at.is_some_and(|at| at.elapsed() < PAUSE) {
                return Err(Error::PoolTimedOut);
            }
            stack.generation
        };
        let opened = self.options.connect().await;
        self.stack().refused_at = opened.is_err().then(Instant::now);
        let connection = opened?;
        metrics::counter!("database_connections_opened_total").increment(1);
        Ok(Lease { connections: self, connection, generation, is_fresh: true, permit })
    }

    /// Forgets every connection of this generation: what killed one, as a restart of the server or a freeze of this
    /// process, has most likely killed all.
    fn discard(&self, generation: u64) {
        let mut stack = self.stack();
        if stack.generation == generation {
            stack.generation += 1;
            let dead = std::mem::take(&mut stack.resting);
            drop(stack);
            tracing::warn!(connections = dead.len() + 1, "postgres connections have broken");
        }
    }

    fn pop(&self) -> Option<(Resting, u64)> {
        let mut stack = self.stack();
        let generation = stack.generation;
        stack.resting.pop().map(|resting| (resting, generation))
    }

    pub(super) fn census(&self) -> Census {
        let idle = self.stack().resting.len();
        Census { idle, in_use: self.max - self.permits.available_permits() }
    }

    fn stack(&self) -> MutexGuard<'_, Stack> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answers(connection: &mut PgConnection) -> bool {
    matches!(timeout(PING_PATIENCE, connection.ping()).await, Ok(Ok(())))
}

/// A connection on loan. Dropped without [`Lease::give_back`] it is closed: a statement that was given up in the
/// middle leaves a connection that still has to hear its answer.
pub(super) struct Lease<'a> {
    connections: &'a Connections,
    pub(super) connection: PgConnection,
    generation: u64,
    /// Whether it was opened for this loan.
    pub(super) is_fresh: bool,
    permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    /// Lets the next one have it.
    pub(super) fn give_back(self) {
        let Self { connections, connection, generation, permit, .. } = self;
        let since = connections.world.now();
        let mut stack = connections.stack();
        if stack.generation == generation {
            stack.resting.push(Resting { connection, since });
        }
        drop(stack);
        // After the push: whoever gets the permit finds the connection.
        drop(permit);
    }

    /// Says that the connection is dead, and so all that are as old.
    pub(super) fn is_dead(&self) {
        self.connections.discard(self.generation);
    }
}
