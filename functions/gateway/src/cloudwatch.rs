//! Metrics to CloudWatch's API, for containers on AWS that no Prometheus scrapes. Only the gateway links this: what a
//! Lambda function links is what it can reach, and each writes its metrics to its log instead.
//!
//! The crate hands every value through a queue of 1,024 and drops what does not fit rather than hold a request up: in a
//! burst the figures are a little low.

use std::{pin::Pin, time::Duration};

use log::{LevelFilter, Log, Metadata, Record};
use metrics_cloudwatch::Builder;
use platform::{
    aws,
    config::{Config, Exporter},
    telemetry::metrics::{
        describe,
        exporter::{Done, Failure, MetricsExporter, Stop},
    },
};

/// Seconds between two batches. What is counted within a minute is one value in CloudWatch anyway.
const INTERVAL_S: u64 = 20;
/// Longest attempt to send a batch.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The crate says through `log` that figures could not be sent, and nobody else here listens to that.
const CRATE: &str = "metrics_cloudwatch";

/// CloudWatch's API.
pub struct CloudWatch;

/// Hands the crate's warnings on to this process's log.
struct Warnings;

impl Log for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with(CRATE)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            tracing::warn!(cause = %record.args(), "metrics for CloudWatch are lost");
        }
    }

    fn flush(&self) {}
}

impl MetricsExporter for CloudWatch {
    fn exporter(&self) -> Exporter {
        Exporter::Cloudwatch
    }

    fn install<'a>(
        &'a self,
        config: &'a Config,
        stop: Stop,
    ) -> Pin<Box<dyn Future<Output = Result<Done, Failure>> + Send + 'a>> {
        Box::pin(async move {
            let settings = aws::settings(config.cloudwatch_endpoint.as_deref(), TIMEOUT).await;
            let sending = Builder::new()
                .cloudwatch_namespace(&config.metrics_namespace)
                .default_dimension("environment", config.app_env.as_str())
                .send_interval_secs(INTERVAL_S)
                .send_timeout_secs(TIMEOUT.as_secs())
                .shutdown_signal(stop)
                .init_async(aws_sdk_cloudwatch::Client::new(&settings), metrics::set_global_recorder)
                .await?;
            describe();
            log::set_logger(&Warnings).map_err(|error| error.to_string())?;
            log::set_max_level(LevelFilter::Warn);
            let sending = tokio::spawn(sending);
            Ok(Box::pin(async { drop(sending.await) }) as Done)
        })
    }
}
