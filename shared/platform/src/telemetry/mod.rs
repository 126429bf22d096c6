//! What a process tells its operators: log lines on stdout, metrics for Prometheus, traces for a collector.

pub mod logs;
pub mod metrics;
pub mod traces;

use crate::ctx::Ctx;

/// Sends what is kept in memory and must not wait: before a Lambda answer leaves, for the process may be frozen after it.
/// Never fails, and returns soon.
pub async fn flush(ctx: &Ctx) {
    traces::flush(ctx).await;
}
