//! The metrics recorder and its Prometheus page.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use once_cell::sync::OnceCell;

use crate::{
    ctx::Ctx,
    error::chain,
    store::partitions::{self, Health},
};

/// Buckets of request durations, seconds: 1 ms to 10 s, denser where players feel it.
const DURATION_BUCKETS_S: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Buckets of round trips of one request: what is allowed is 0, 1 or 2.
const ROUND_TRIP_BUCKETS: &[f64] = &[0.0, 1.0, 2.0, 3.0, 5.0, 10.0];
/// Longest look at the database while Prometheus waits for its page.
const SAMPLE_TIMEOUT: Duration = Duration::from_secs(1);

static PROMETHEUS: OnceCell<PrometheusHandle> = OnceCell::new();

/// Installs the Prometheus recorder, once a process; later calls do nothing.
///
/// # Errors
/// When another recorder was installed before.
pub fn install_prometheus() -> Result<(), BuildError> {
    PROMETHEUS
        .get_or_try_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), DURATION_BUCKETS_S)?
                .set_buckets_for_metric(Matcher::Suffix("_per_request".to_owned()), ROUND_TRIP_BUCKETS)?;
            let handle = builder.install_recorder()?;
            describe();
            Ok(handle)
        })
        .map(|_| ())
}

/// The page Prometheus scrapes; `None` where no recorder is installed.
pub fn render() -> Option<String> {
    let handle = PROMETHEUS.get()?;
    handle.run_upkeep();
    Some(handle.render())
}

fn describe() {
    metrics::describe_counter!("http_requests_total", "Requests answered, by method, route id and status.");
    metrics::describe_histogram!(
        "http_request_duration_seconds",
        metrics::Unit::Seconds,
        "From the first byte read to the answer ready, by method and route id."
    );
    metrics::describe_gauge!("http_requests_in_flight", "Requests being answered now.");
    metrics::describe_histogram!(
        "database_query_duration_seconds",
        metrics::Unit::Seconds,
        "From sending a statement to its last row, by the statement's name; a repetition after a lost connection included."
    );
    metrics::describe_histogram!(
        "database_acquire_duration_seconds",
        metrics::Unit::Seconds,
        "Waiting for a connection, opening one included."
    );
    metrics::describe_counter!("database_connections_opened_total", "Connections opened; steady state opens none.");
    metrics::describe_gauge!(
        "database_connections",
        "Connections by state: idle, or in_use (running or being opened)."
    );
    metrics::describe_histogram!(
        "redis_round_trips_per_request",
        "Times a request went to Redis, by route id; `_sum` over `_count` is the mean."
    );
    metrics::describe_histogram!(
        "sql_statements_per_request",
        "Statements a request sent to Postgres, by route id; the bucket `le=\"0\"` is what the cache answered."
    );
    metrics::describe_counter!(
        "cache_requests_total",
        "Questions to a tier, by class, tier and outcome: hit, miss, fenced, away, unreadable."
    );
    metrics::describe_counter!(
        "cache_patches_total",
        "Writes of a list: patched and published whole, or unknown before, so that the next reader loads it."
    );
    metrics::describe_counter!("cache_unpublished_writes_total", "Writes that were not announced to other processes.");
    metrics::describe_gauge!("cache_l1_entries", "Entries of the cache in this process, by class.");
    metrics::describe_gauge!("cache_l1_bytes", metrics::Unit::Bytes, "Their bytes, overhead included.");
    metrics::describe_counter!("lives_advanced_total", "Years lived, by mode.");
    metrics::describe_counter!("idempotent_replays_total", "Answers given again to a repeated request, by route id.");
    metrics::describe_counter!("redis_connections_opened_total", "Connections to Redis opened; none in steady state.");
    metrics::describe_counter!("rate_limited_total", "Requests refused by a rate limit, by route id.");
    metrics::describe_counter!("auth_events_total", "What happened to accounts, by event and outcome (ok, failed).");
    metrics::describe_counter!("auth_failures_total", "Failed account events, by reason.");
    metrics::describe_counter!(
        "password_hashes_refused_total",
        "Requests refused because too many passwords were waiting to be hashed."
    );
    metrics::describe_gauge!("events_default_partition_rows", "Events that no yearly partition took, up to 1000.");
    metrics::describe_gauge!(
        "events_partition_years",
        "Consecutive years, this one first, that have a partition of events."
    );
    metrics::describe_counter!("job_runs_total", "Jobs run, by job and outcome.");
    metrics::describe_counter!("idempotency_keys_purged_total", "Stored answers deleted because of their age.");
}

/// Counts years lived.
pub fn lives_advanced(mode: &'static str, years: u64) {
    metrics::counter!("lives_advanced_total", "mode" => mode).increment(years);
}

/// Tells where the partitions of `events` stand.
pub(crate) fn events_partitions(health: &Health) {
    #[expect(clippy::cast_precision_loss, reason = "counted up to 1000")]
    metrics::gauge!("events_default_partition_rows").set(health.default_rows as f64);
    metrics::gauge!("events_partition_years").set(health.years);
}

/// Brings the gauges that only the database knows up to date. Where it does not answer within a second they stay what
/// they were; that it does not answer has metrics of its own.
pub async fn sample_database(ctx: &Ctx) {
    let health = tokio::time::timeout(SAMPLE_TIMEOUT, partitions::health(ctx.db(), ctx.now())).await;
    match health {
        Ok(Ok(health)) => events_partitions(&health),
        Ok(Err(error)) => tracing::warn!(error = chain(&error), "the partitions cannot be looked at"),
        Err(_) => tracing::warn!("the partitions cannot be looked at: Postgres is slow"),
    }
}
