//! What a process tells its operators: log lines on stdout, metrics for whoever collects them.

pub mod clients;
pub(crate) mod fingerprint;
pub mod logs;
pub mod metrics;
pub mod pushgateway;

/// Lets go of what was measured and is kept here. Before a Lambda function answers: a frozen process says nothing.
pub(crate) fn flush() {
    metrics::exporter::flush();
}
