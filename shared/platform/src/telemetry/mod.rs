//! What a process tells its operators: log lines on stdout, metrics for Prometheus.

pub mod logs;
pub mod metrics;
