//! One Redis server: one multiplexed connection, opened at first use and replaced when it is dead, and a breaker that
//! keeps a dead server from slowing every request down.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind,
    Value, aio::MultiplexedConnection,
};
use tokio::time::{Instant, timeout_at};

use super::script::Call;

/// How long a server is left alone after a failure.
const BREAKER_OPEN: TimeDelta = TimeDelta::milliseconds(1000);

/// Wall time after which a silent connection is no longer trusted: load balancers, NAT and ElastiCache drop idle ones
/// without a word, and a frozen Lambda container sees nothing of it.
const IDLE: TimeDelta = TimeDelta::seconds(30);

/// Longest wait for the first answer after [`IDLE`]. A living server in the same network answers within a few
/// milliseconds; the rest is for a container that is only just waking up.
const IDLE_PATIENCE: Duration = Duration::from_millis(50);

/// Longest wait for replicas: one that keeps up confirms within a millisecond. Others who share the connection wait, too.
const REPLICA_PATIENCE: Duration = Duration::from_millis(100);

/// When a call was made and how long it may take. The wall clock for what lasts longer than a request, the monotonic
/// one for the request itself.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// By the wall clock.
    pub(super) now: DateTime<Utc>,
    /// Nobody waits longer than this.
    pub(super) deadline: Instant,
    /// Whether it is to be tried although the breaker is open.
    pub(super) past_breaker: bool,
}

/// A handle to one server. Connects at first use.
pub(super) struct Node {
    client: Client,
    live: Mutex<Option<Arc<Live>>>,
    /// Held by the one who connects; the others wait and find the connection.
    connecting: tokio::sync::Mutex<()>,
    /// Unix microseconds until which the breaker stays open.
    closed_again_at_us: AtomicI64,
}

/// A connection.
struct Live {
    connection: MultiplexedConnection,
    /// Unix microseconds of its last answer.
    answered_at_us: AtomicI64,
}

impl Live {
    /// A clock that was set back tells nothing about the spell: then it may have been long.
    fn is_idle(&self, now: DateTime<Utc>) -> bool {
        let spell_us = now.timestamp_micros() - self.answered_at_us.load(Ordering::Relaxed);
        spell_us.unsigned_abs() > IDLE.num_microseconds().unwrap_or(i64::MAX).unsigned_abs()
    }
}

/// What a call must know of the node it goes to.
#[derive(Clone, Copy)]
pub(super) struct Via {
    /// As a cluster demands it for a slot that is on its way.
    pub(super) asking: bool,
    /// Where the node counts players (`active`), if it does.
    pub(super) place: Option<u16>,
}

/// A command with what goes before and after it, over the same connection in the same round trip.
struct Parcel {
    command: Cmd,
    /// As a cluster demands it for a slot that is on its way.
    asking: bool,
    /// How many replicas must have what was written.
    replicas: u8,
    /// What is said by the way, and whose answer nobody needs.
    by_the_way: Vec<Cmd>,
}

impl Parcel {
    fn of(command: Cmd) -> Self {
        Self { command, asking: false, replicas: 0, by_the_way: Vec::new() }
    }

    #[expect(clippy::disallowed_methods, reason = "this module owns every command")]
    fn pipeline(&self) -> Pipeline {
        let mut pipe = redis::pipe();
        // Each answer for itself: an error of the command is to be seen as that.
        pipe.ignore_errors();
        if self.asking {
            pipe.cmd("ASKING").ignore();
        }
        pipe.add_command(self.command.clone());
        if self.replicas > 0 {
            pipe.cmd("WAIT").arg(self.replicas).arg(u64::try_from(REPLICA_PATIENCE.as_millis()).unwrap_or_default());
        }
        for command in &self.by_the_way {
            pipe.add_command(command.clone()).ignore();
        }
        pipe
    }

    /// The command's answer among those of the pipeline, if enough replicas have it.
    fn answer(&self, answers: Vec<RedisResult<Value>>) -> RedisResult<Value> {
        let mut answers = answers.into_iter();
        let answer = answers.next().unwrap_or_else(|| Err((ErrorKind::Parse, "a pipeline without answers").into()))?;
        match answers.next().transpose()? {
            Some(Value::Int(confirmed)) if confirmed < self.replicas.into() => {
                Err((ErrorKind::Client, "too few replicas confirmed a write in time").into())
            }
            _ => Ok(answer),
        }
    }
}

impl Node {
    pub(super) fn new(info: ConnectionInfo) -> RedisResult<Self> {
        // Calls share the connection: without this option one that is sent while another waits for its answer is held
        // back until that one's acknowledgement, up to 40 ms.
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        Ok(Self {
            client: Client::open(info.set_tcp_settings(tcp))?,
            live: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            closed_again_at_us: AtomicI64::new(0),
        })
    }

    /// Where it is and who we are to it.
    pub(super) fn info(&self) -> &ConnectionInfo {
        self.client.get_connection_info()
    }

    /// Calls a script.
    ///
    /// # Errors
    /// At once while the breaker is open. Every error but a cluster's redirection opens it.
    pub(super) async fn call(&self, at: Moment, call: &Call<'_>, via: Via, trips: &mut u32) -> RedisResult<Value> {
        let by_the_way = || {
            let seen = call.seen().zip(via.place);
            seen.map_or_else(Vec::new, |(seen, place)| seen.commands(place).into())
        };
        let parcel =
            |command| Parcel { command, asking: via.asking, replicas: call.replicas(), by_the_way: by_the_way() };
        let mut answer = self.send(at, &parcel(call.evalsha()), trips).await;
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)) {
            answer = self.send(at, &parcel(call.eval()), trips).await;
        }
        answer
    }

    /// Sends any other command that may run twice; otherwise as [`Node::call`].
    pub(super) async fn query(&self, at: Moment, command: &Cmd, trips: &mut u32) -> RedisResult<Value> {
        self.send(at, &Parcel::of(command.clone()), trips).await
    }

    /// Whether it answers now, breaker or not.
    pub(super) async fn is_reachable(&self, at: Moment) -> bool {
        #[expect(clippy::disallowed_methods, reason = "this module owns every command")]
        let ping = redis::cmd("PING");
        self.exchange(at, &Parcel::of(ping), &mut 0).await.is_ok()
    }

    /// Whether the breaker keeps calls away now.
    pub(super) fn is_left_alone(&self, at: Moment) -> bool {
        let left_us = self.closed_again_at_us.load(Ordering::Relaxed) - at.now.timestamp_micros();
        // Longer than it ever opens: the clock was set back meanwhile.
        !at.past_breaker && (1..=BREAKER_OPEN.num_microseconds().unwrap_or(i64::MAX)).contains(&left_us)
    }

    async fn send(&self, at: Moment, parcel: &Parcel, trips: &mut u32) -> RedisResult<Value> {
        if self.is_left_alone(at) {
            return Err((ErrorKind::Io, "left alone after a failure").into());
        }
        let answer = self.exchange(at, parcel, trips).await;
        if let Err(error) = &answer
            && !is_part_of_the_protocol(error)
        {
            self.open_breaker(at.now, error);
        }
        answer
    }

    /// One command and its answer. A connection that turns out to be dead is replaced, and the command sent once more.
    async fn exchange(&self, at: Moment, parcel: &Parcel, trips: &mut u32) -> RedisResult<Value> {
        if let Some(live) = self.current() {
            let idle = live.is_idle(at.now);
            let patience = if idle { at.deadline.min(Instant::now() + IDLE_PATIENCE) } else { at.deadline };
            let answer = self.over(&live, at.now, patience, parcel, trips).await;
            // Without an answer by the deadline there is no time for a second one either.
            let again = answer.as_ref().is_err_and(|error| is_lost(error) && Instant::now() < at.deadline);
            if !again {
                return answer;
            }
        }
        let live = self.connected(at).await?;
        self.over(&live, at.now, at.deadline, parcel, trips).await
    }

    /// One command over one connection, which is forgotten when it fails.
    async fn over(
        &self,
        live: &Arc<Live>,
        now: DateTime<Utc>,
        deadline: Instant,
        parcel: &Parcel,
        trips: &mut u32,
    ) -> RedisResult<Value> {
        *trips += 1;
        let mut connection = live.connection.clone();
        let exchange = async {
            match parcel {
                Parcel { command, asking: false, replicas: 0, by_the_way } if by_the_way.is_empty() => {
                    command.query_async(&mut connection).await
                }
                parcel => parcel.answer(parcel.pipeline().query_async(&mut connection).await?),
            }
        };
        let answer = timeout_at(deadline, exchange).await.unwrap_or_else(|_| Err(no_answer_in_time()));
        match &answer {
            Err(error) if is_lost(error) => self.forget(live),
            _ => live.answered_at_us.store(now.timestamp_micros(), Ordering::Relaxed),
        }
        answer
    }

    fn current(&self) -> Option<Arc<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self, dead: &Arc<Live>) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|live| Arc::ptr_eq(live, dead)) {
            *live = None;
        }
    }

    /// The connection, opened if there is none.
    async fn connected(&self, at: Moment) -> RedisResult<Arc<Live>> {
        let open = async {
            let _guard = self.connecting.lock().await;
            if let Some(live) = self.current() {
                return Ok(live);
            }
            // Deadlines are kept here, over everything a call does.
            let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
            let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            metrics::counter!("redis_connections_opened_total").increment(1);
            let answered_at_us = AtomicI64::new(at.now.timestamp_micros());
            let live = Arc::new(Live { connection, answered_at_us });
            *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&live));
            Ok(live)
        };
        timeout_at(at.deadline, open).await.unwrap_or_else(|_| Err(no_answer_in_time()))
    }

    fn open_breaker(&self, now: DateTime<Utc>, error: &RedisError) {
        let until = (now + BREAKER_OPEN).timestamp_micros();
        let was = self.closed_again_at_us.swap(until, Ordering::Relaxed);
        if was < now.timestamp_micros() {
            let address = self.info().addr();
            tracing::warn!(error = %error, %address, "redis does not answer; going on without it");
        }
    }
}

/// Whether the connection is of no more use: it broke, nothing came back in time, or the server at its other end was the
/// primary once and is a replica now.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// Answers that a healthy server gives, to which the caller knows what to do; a replica that lags is among them.
fn is_part_of_the_protocol(error: &RedisError) -> bool {
    use ServerErrorKind::{Ask, Moved, NoScript, TryAgain};
    matches!(error.kind(), ErrorKind::Server(Ask | Moved | NoScript | TryAgain) | ErrorKind::Client)
}

fn no_answer_in_time() -> RedisError {
    (ErrorKind::Io, "no answer in time").into()
}
