//! How spans leave the process: a bounded queue, batches, one sender at a time, and a pause after a failure. What cannot
//! leave is counted and gone: a trace is never worth a player's wait or the process's memory.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::Notify, time::timeout};

use super::{
    otlp::{Envelope, Span},
    wire,
};
use crate::{config::TraceSettings, ctx::Ctx, error::chain};

/// Most spans that wait, and most that are sent at once: the defaults of OpenTelemetry's batch processor.
const MOST_WAITING: usize = 2048;
const MOST_AT_ONCE: usize = 512;
/// How long a container gathers spans before it sends them.
const GATHER: Duration = Duration::from_secs(1);
/// How long nothing is sent after a failure. Meanwhile spans wait, as far as there is room.
const PAUSE: TimeDelta = TimeDelta::seconds(5);
/// Longest that a Lambda answer is held back for its spans. A collector on the same machine takes a millisecond or two.
const PATIENCE: Duration = Duration::from_millis(200);

/// The process's queue of spans and what empties it.
pub(super) struct Outlet {
    envelope: Envelope,
    settings: TraceSettings,
    queue: Mutex<Queue>,
    /// Some wait; enough for a batch wait.
    some: Notify,
    enough: Notify,
    /// Held by the one who sends.
    sending: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Queue {
    spans: Vec<Span>,
    /// When sending last failed, by the wall clock: the monotonic one stands still while a Lambda process is frozen.
    failed_at: Option<DateTime<Utc>>,
}

impl Outlet {
    pub(super) fn new(settings: &TraceSettings, envelope: Envelope) -> Self {
        Self {
            envelope,
            settings: settings.clone(),
            queue: Mutex::default(),
            some: Notify::new(),
            enough: Notify::new(),
            sending: tokio::sync::Mutex::default(),
        }
    }

    /// Takes a request's spans. All of them or, where there is no room, none: half a trace misleads.
    pub(super) fn put(&self, spans: Vec<Span>) {
        let mut queue = self.queue();
        if queue.spans.len() + spans.len() > MOST_WAITING {
            drop(queue);
            return lost("queue_full", spans.len());
        }
        queue.spans.extend(spans);
        let waiting = queue.spans.len();
        drop(queue);
        self.some.notify_one();
        if waiting >= MOST_AT_ONCE {
            self.enough.notify_one();
        }
    }

    pub(super) async fn flush(&self, now: DateTime<Utc>) {
        self.send_within(self.settings.timeout.min(PATIENCE), now).await;
    }

    pub(super) async fn drain(&self, now: DateTime<Utc>) {
        self.queue().failed_at = None;
        self.send_within(self.settings.timeout, now).await;
        let left = self.queue().spans.len();
        lost("unsent_at_end", left);
    }

    pub(super) async fn keep_sending(&self, ctx: &Ctx) {
        metrics::describe_counter!("trace_spans_exported_total", "Spans that the collector took.");
        metrics::describe_counter!("trace_spans_dropped_total", "Spans that were recorded and lost, by reason.");
        loop {
            self.some.notified().await;
            let _ = timeout(GATHER, self.enough.notified()).await;
            self.send_all(ctx.now()).await;
            if let Some(left) = self.pause_left(ctx.now()) {
                tokio::time::sleep(left).await;
                self.some.notify_one();
            }
        }
    }

    async fn send_within(&self, patience: Duration, now: DateTime<Utc>) {
        if self.queue().spans.is_empty() || self.pause_left(now).is_some() {
            return;
        }
        if timeout(patience, self.send_all(now)).await.is_err() {
            self.failed(now, "the collector is slow");
        }
    }

    /// Batch by batch, until none is left or one fails.
    async fn send_all(&self, now: DateTime<Utc>) {
        let _only = self.sending.lock().await;
        while self.pause_left(now).is_none() {
            let spans = self.next_batch();
            if spans.is_empty() {
                return;
            }
            let mut batch = Batch { left: spans.len() };
            let body = self.envelope.enclose(&spans);
            match timeout(self.settings.timeout, wire::post(&self.settings, body)).await {
                Ok(Ok(refused)) => batch.arrived(refused),
                Ok(Err(problem)) => self.failed(now, &chain(problem.as_ref())),
                Err(_) => self.failed(now, "no answer in time"),
            }
        }
    }

    fn next_batch(&self) -> Vec<Span> {
        let mut queue = self.queue();
        let most = queue.spans.len().min(MOST_AT_ONCE);
        queue.spans.drain(..most).collect()
    }

    fn failed(&self, now: DateTime<Utc>, problem: &str) {
        self.queue().failed_at = Some(now);
        // At most once a pause.
        tracing::warn!(error = problem, "traces cannot be sent");
    }

    /// How long nothing is to be sent from now on.
    fn pause_left(&self, now: DateTime<Utc>) -> Option<Duration> {
        let since = now - self.queue().failed_at?;
        // Negative: the clock was set back, which tells nothing about the pause.
        let left = if since < TimeDelta::zero() { TimeDelta::zero() } else { PAUSE - since };
        left.to_std().ok().filter(|left| !left.is_zero())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Spans that are out of the queue and not yet with the collector. What is left when this is dropped, because sending
/// failed or was given up, is lost.
struct Batch {
    left: usize,
}

impl Batch {
    /// The collector has them, but for so many that it refused.
    fn arrived(&mut self, refused: u64) {
        let all = std::mem::take(&mut self.left);
        let refused = usize::try_from(refused).unwrap_or(all).min(all);
        metrics::counter!("trace_spans_exported_total").increment((all - refused) as u64);
        lost("refused", refused);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        lost("collector_away", self.left);
    }
}

/// Counts spans that nobody will see.
pub(super) fn lost(reason: &'static str, spans: usize) {
    if spans > 0 {
        metrics::counter!("trace_spans_dropped_total", "reason" => reason).increment(spans as u64);
    }
}
