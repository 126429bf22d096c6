//! What a process tells its operators: log lines on stdout, metrics for whoever collects them, traces for a collector.

pub mod clients;
pub(crate) mod fingerprint;
pub mod logs;
pub mod metrics;
pub mod pushgateway;
pub mod traces;

use crate::ctx::Ctx;

/// Sends what is kept in memory and must not wait: before a Lambda answer leaves, for the process may be frozen after it.
/// Never fails, and returns soon.
pub(crate) async fn flush(ctx: &Ctx) {
    metrics::exporter::flush();
    traces::flush(ctx).await;
}
