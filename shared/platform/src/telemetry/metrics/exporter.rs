//! Where metrics go. Code counts through the `metrics` facade; an exporter takes over what is counted in this process.

use std::{error::Error, io, io::Write as _, pin::Pin};

use metrics_cloudwatch_embedded::{Builder as EmfBuilder, Collector};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use once_cell::sync::OnceCell;

use super::{DURATION_BUCKETS_S, ROUND_TRIP_BUCKETS, describe, describe_units};
use crate::config::{Config, Exporter};

/// Why an exporter cannot take over.
pub type Failure = Box<dyn Error + Send + Sync>;

/// An exporter that this crate does not link, because only some programs can afford it.
pub trait MetricsExporter: Sync {
    /// Which one it is.
    fn exporter(&self) -> Exporter;

    /// Takes over what is counted from now on. Called once, on a Tokio runtime; what it has to do later it does in tasks
    /// of its own, until `stop` completes; the last figures are sent then.
    ///
    /// # Errors
    /// When another exporter has taken over, or the settings cannot be used.
    fn install<'a>(
        &'a self,
        config: &'a Config,
        stop: Stop,
    ) -> Pin<Box<dyn Future<Output = Result<Done, Failure>> + Send + 'a>>;
}

/// Completes when the process has answered its last request.
pub type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Completes when the last figures are sent.
pub type Done = Pin<Box<dyn Future<Output = ()> + Send>>;

static INSTALLED: OnceCell<Installed> = OnceCell::new();

/// What was taken over by this crate's own exporters.
enum Installed {
    Prometheus(PrometheusHandle),
    Emf(&'static Collector),
}

/// Lets `exporter` take over, once a process; later calls do nothing. `cloudwatch` and `none` are nothing to this crate.
///
/// # Errors
/// When another recorder was installed before.
pub fn install(exporter: Exporter, namespace: &str) -> Result<(), Failure> {
    if matches!(exporter, Exporter::Cloudwatch | Exporter::None) {
        return Ok(());
    }
    INSTALLED
        .get_or_try_init(|| {
            if exporter == Exporter::Emf {
                let installed = emf(namespace)?;
                describe_units();
                return Ok(installed);
            }
            let installed = prometheus()?;
            describe();
            Ok(installed)
        })
        .map(drop)
}

fn prometheus() -> Result<Installed, Failure> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), DURATION_BUCKETS_S)?
        .set_buckets_for_metric(Matcher::Suffix("_per_request".to_owned()), ROUND_TRIP_BUCKETS)?;
    Ok(Installed::Prometheus(builder.install_recorder()?))
}

fn emf(namespace: &str) -> Result<Installed, Failure> {
    Ok(Installed::Emf(EmfBuilder::new().cloudwatch_namespace(namespace.to_owned()).init()?))
}

/// The page Prometheus scrapes; `None` where that is not how metrics leave.
pub fn render() -> Option<String> {
    match INSTALLED.get()? {
        Installed::Prometheus(handle) => Some(handle.render()),
        Installed::Emf(_) => None,
    }
}

/// Whether gauges are worth setting. In CloudWatch's format each is written anew with every answer of every container, says
/// how things stand in that one, and adds up to nothing.
pub(crate) fn keeps_gauges() -> bool {
    !matches!(INSTALLED.get(), Some(Installed::Emf(_)))
}

/// What must be done every few seconds, scraped or not: measured values are kept one by one until they are put into
/// their buckets.
pub fn upkeep() {
    if let Some(Installed::Prometheus(handle)) = INSTALLED.get() {
        handle.run_upkeep();
    }
}

/// Writes what was counted since the last time to stdout, where that is how metrics leave. Before a Lambda function
/// answers: a frozen process writes nothing.
pub fn flush() {
    if let Some(Installed::Emf(collector)) = INSTALLED.get() {
        // In one piece, so that a log line from another thread stands before or after it.
        let mut lines = Vec::new();
        let written = collector.flush(&mut lines).and_then(|()| io::stdout().lock().write_all(&lines));
        if let Err(error) = written {
            tracing::warn!(error = %error, "metrics cannot be written");
        }
    }
}
