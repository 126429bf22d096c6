//! What a process tells its operators: log lines on stdout, metrics for whoever collects them.

pub mod clients;
pub(crate) mod fingerprint;
pub mod logs;
pub mod metrics;
pub mod pushgateway;
