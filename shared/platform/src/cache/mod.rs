//! Redis, seen from the platform: one multiplexed connection a process, opened at first use, and a breaker that keeps
//! a dead Redis from slowing every request down.

pub mod compress;
pub mod l1;
pub mod rate;

use std::{
    sync::Arc,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use redis::{
    Client, FromRedisValue, RedisError, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::OnceCell;

/// Longest wait for Redis. A healthy one connects and answers in a few milliseconds.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long Redis is left alone after a failure.
const BREAKER_OPEN: chrono::TimeDelta = chrono::TimeDelta::milliseconds(1000);

/// A handle to Redis. Cloning is one reference count.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    client: Client,
    manager: OnceCell<ConnectionManager>,
    /// Unix microseconds until which the breaker stays open.
    closed_again_at_us: AtomicI64,
}

impl Redis {
    /// A handle that connects at first use.
    ///
    /// # Errors
    /// When `url` is not one that Redis clients know.
    pub fn connect_lazy(url: &str) -> RedisResult<Self> {
        let client = Client::open(url)?;
        Ok(Self(Arc::new(Inner { client, manager: OnceCell::new(), closed_again_at_us: AtomicI64::new(0) })))
    }

    /// Runs one script: one round trip. `None` when Redis cannot be reached, or could not a moment ago.
    pub async fn run<T: FromRedisValue>(&self, now: DateTime<Utc>, script: &ScriptInvocation<'_>) -> Option<T> {
        if now.timestamp_micros() < self.0.closed_again_at_us.load(Ordering::Relaxed) {
            return None;
        }
        match self.try_run(script).await {
            Ok(value) => Some(value),
            Err(error) => {
                self.open_breaker(now, &error);
                None
            }
        }
    }

    /// One script within [`PATIENCE`], connecting included: a Redis that swallows packets must not hold requests up.
    async fn try_run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        let bounded = tokio::time::timeout(PATIENCE, self.run_once(script)).await;
        bounded.unwrap_or_else(|_| Err((redis::ErrorKind::Io, "no answer in time").into()))
    }

    /// Whether Redis answers now.
    #[expect(clippy::disallowed_methods, reason = "this module owns every command")]
    pub async fn is_reachable(&self) -> bool {
        self.try_run::<i64>(&redis::Script::new("return 1").prepare_invoke()).await.is_ok()
    }

    async fn run_once<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        let mut connection = self.0.manager.get_or_try_init(|| self.connect()).await?.clone();
        script.invoke_async(&mut connection).await
    }

    async fn connect(&self) -> RedisResult<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(PATIENCE))
            .set_connection_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        ConnectionManager::new_with_config(self.0.client.clone(), config).await
    }

    fn open_breaker(&self, now: DateTime<Utc>, error: &RedisError) {
        let until = (now + BREAKER_OPEN).timestamp_micros();
        let was = self.0.closed_again_at_us.swap(until, Ordering::Relaxed);
        if was < now.timestamp_micros() {
            tracing::warn!(error = %error, "redis does not answer; going on without it");
        }
    }
}
