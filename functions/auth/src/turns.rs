//! Turns at hashing: so many at once, a short queue behind them, and a clear answer to whoever would wait too long in it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use platform::{ApiError, Code, text::Text};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest wait for a turn. Whoever would wait longer is told at once: by then they would have given up, and their turn
/// would be hashed for nobody.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// The queue of one process.
pub(crate) struct Turns {
    free: Arc<Semaphore>,
    at_once: u64,
    longest_wait: Duration,
    waiting: AtomicU64,
    /// How long a turn has taken lately, microseconds; 0 before the first.
    mean_us: AtomicU64,
}

impl Turns {
    pub(crate) fn new(at_once: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(at_once)),
            at_once: at_once as u64,
            longest_wait: LONGEST_WAIT,
            waiting: AtomicU64::new(0),
            mean_us: AtomicU64::new(0),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// 503 with Retry-After when that would take too long.
    pub(crate) async fn take(self: Arc<Self>) -> Result<Turn, ApiError> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(Turn { turns: self, _permit: permit });
        }
        let waiting = Waiting::behind(&self);
        if waiting.expected() > self.longest_wait {
            return Err(waiting.refuse());
        }
        match tokio::time::timeout(self.longest_wait, Arc::clone(&self.free).acquire_owned()).await {
            Ok(permit) => {
                let permit = permit.map_err(ApiError::internal)?;
                drop(waiting);
                Ok(Turn { turns: self, _permit: permit })
            }
            Err(_) => Err(waiting.refuse()),
        }
    }
}

/// Somebody in the queue, until they leave it in whatever way.
struct Waiting<'a> {
    turns: &'a Turns,
    ahead: u64,
}

impl<'a> Waiting<'a> {
    fn behind(turns: &'a Turns) -> Self {
        Self { turns, ahead: turns.waiting.fetch_add(1, Ordering::Relaxed) }
    }

    fn expected(&self) -> Duration {
        Duration::from_micros((self.ahead + 1) * self.turns.mean_us.load(Ordering::Relaxed) / self.turns.at_once)
    }

    fn refuse(&self) -> ApiError {
        metrics::counter!("password_hashes_refused_total").increment(1);
        let text =
            Text::new("Too many people are signing in just now; please try again.", "登录的人太多，请稍后再试。");
        let seconds = self.expected().max(self.turns.longest_wait).as_secs();
        ApiError::new(Code::ServiceUnavailable, text).reason("BUSY").retry_after(seconds)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turns.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The right to hash once.
pub(crate) struct Turn {
    turns: Arc<Turns>,
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Does the work and remembers how long it took.
    pub(crate) fn measure<T>(self, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let done = work();
        let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        // A lost update among several threads only makes the mean a little older.
        let mean_us = self.turns.mean_us.load(Ordering::Relaxed);
        let next_us = if mean_us == 0 { took_us } else { mean_us - mean_us / 8 + took_us / 8 };
        self.turns.mean_us.store(next_us, Ordering::Relaxed);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(at_once: usize, mean: Duration, longest_wait: Duration) -> Arc<Turns> {
        let turns = Turns { longest_wait, ..Turns::new(at_once) };
        turns.mean_us.store(u64::try_from(mean.as_micros()).expect("short"), Ordering::Relaxed);
        Arc::new(turns)
    }

    #[tokio::test]
    async fn who_would_wait_too_long_is_told_at_once_and_who_would_not_waits() {
        let turns = turns(2, Duration::from_secs(1), LONGEST_WAIT);
        let held = [Arc::clone(&turns).take().await.expect("free"), Arc::clone(&turns).take().await.expect("free")];
        let mut queue: Vec<_> = (0..6).map(|_| tokio::spawn(Arc::clone(&turns).take())).collect();
        tokio::task::yield_now().await;
        let before = Instant::now();
        let refused = Arc::clone(&turns).take().await.err().expect("the seventh would wait 3.5 s");
        assert_eq!(refused.code(), Code::ServiceUnavailable);
        assert!(before.elapsed() < LONGEST_WAIT, "it was told without waiting");
        drop(held);
        queue.remove(0).await.expect("no panic").expect("a turn");
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_whatever_the_mean_says() {
        let longest = Duration::from_millis(30);
        let turns = turns(1, Duration::ZERO, longest);
        let _held = Arc::clone(&turns).take().await.expect("free");
        let before = Instant::now();
        let refused = Arc::clone(&turns).take().await.err().expect("nothing becomes free");
        assert_eq!(refused.reason_code(), Some("BUSY"));
        assert!(before.elapsed() >= longest, "it waited for its turn first");
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0, "who has left does not wait any more");
    }
}
