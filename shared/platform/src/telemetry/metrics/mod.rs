//! What is counted. The names are those of `docs/operations/monitoring.md`; a test holds that the two agree.

pub mod exporter;
pub(crate) mod request;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, TimeDelta, Utc};
use engine::{Content, RULES_VERSION};
use metrics::{Unit, counter, gauge};

use crate::{
    ctx::Ctx,
    error::chain,
    route::{Exposure, Route},
    store::{
        outbox,
        partitions::{self, Health},
    },
};

/// Buckets of request durations, seconds: 1 ms to 10 s, denser where players feel it.
const DURATION_BUCKETS_S: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Buckets of round trips of one request: what is allowed is 0, 1 or 2.
const ROUND_TRIP_BUCKETS: &[f64] = &[0.0, 1.0, 2.0, 3.0, 5.0, 10.0];
/// Longest look at the database while Prometheus waits for its page.
const SAMPLE_TIMEOUT: Duration = Duration::from_secs(1);

/// Says of each metric what it is and in which unit.
pub fn describe() {
    describe_units();
    metrics::describe_counter!("http_requests_total", "Requests answered, by method, route id and status.");
    metrics::describe_gauge!("http_requests_in_flight", "Requests being answered now.");
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
    metrics::describe_counter!("lives_advanced_total", "Years lived, by mode.");
    metrics::describe_counter!("achievements_unlocked_total", "Achievements reached by years and checks, by rarity.");
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
    metrics::describe_counter!(
        "client_requests_total",
        "Requests by the client's platform and release; what is unknown or too many is `other`."
    );
    metrics::describe_gauge!("active_users", "Distinct players within 5 minutes, over all processes.");
    metrics::describe_gauge!("database_connections_max", "Most connections the pool may open.");
    metrics::describe_gauge!("postgres_up", "Whether Postgres answered the look at this scrape.");
    metrics::describe_gauge!("redis_up", "Whether Redis answered the look at this scrape.");
    metrics::describe_gauge!("process_cpu_cores", "Cores this process may use.");
    metrics::describe_gauge!("build_info", "1; the labels say which release this is.");
    metrics::describe_counter!("cold_starts_total", "First requests of a process, by the route that had to wait.");
    metrics::describe_counter!("job_runs_total", "Jobs run, by job and outcome.");
    metrics::describe_gauge!("job_last_success_timestamp_seconds", Unit::Seconds, "When the job last ended well.");
    metrics::describe_gauge!("outbox_waiting", "Events not yet delivered, up to 10000.");
    metrics::describe_gauge!("outbox_oldest_age_seconds", Unit::Seconds, "How long ago the oldest of them happened.");
    metrics::describe_gauge!("outbox_dead", "Events given up, up to 10000.");
    metrics::describe_counter!(
        "outbox_deliveries_total",
        "Attempts to deliver an event, by outcome: delivered, failed, dead."
    );
    metrics::describe_counter!("idempotency_keys_purged_total", "Stored answers deleted because of their age.");
}

/// Of those that are not plain numbers, in which unit: for an exporter that has a place for that and none for sentences.
pub(crate) fn describe_units() {
    metrics::describe_histogram!(
        "database_query_duration_seconds",
        Unit::Seconds,
        "From sending a statement to its last row, by the statement's name; a repetition after a lost connection included."
    );
    metrics::describe_histogram!(
        "http_request_duration_seconds",
        Unit::Seconds,
        "From the first byte read to the answer ready, by method and route id."
    );
    metrics::describe_histogram!(
        "database_acquire_duration_seconds",
        Unit::Seconds,
        "Waiting for a connection, opening one included."
    );
    metrics::describe_gauge!("cache_l1_bytes", Unit::Bytes, "Their bytes, overhead included.");
}

/// Lets every counter whose labels are known begin with 0: `increase()` does not see a first value. For a process that
/// serves `routes` and is scraped.
pub fn begin(routes: &[&'static Route]) {
    for name in ["cache_unpublished_writes_total", "password_hashes_refused_total", "redis_connections_opened_total"] {
        counter!(name).increment(0);
    }
    for route in routes.iter().filter(|route| route.exposure != Exposure::Private) {
        counter!("rate_limited_total", "route" => route.id).increment(0);
        counter!("cold_starts_total", "route" => route.id).increment(0);
        if route.idempotent {
            counter!("idempotent_replays_total", "route" => route.id).increment(0);
        }
    }
    let content = Content::builtin().hash().to_string();
    let rules = RULES_VERSION.to_string();
    gauge!("build_info", "version" => env!("CARGO_PKG_VERSION"), "rules" => rules, "content" => content).set(1.0);
    metrics_process::Collector::default().describe();
}

/// Counts years lived.
pub fn lives_advanced(mode: &'static str, years: u64) {
    counter!("lives_advanced_total", "mode" => mode).increment(years);
}

/// Counts achievements that were reached.
pub(crate) fn achievements_unlocked(rarities: impl Iterator<Item = &'static str>) {
    rarities.for_each(|rarity| counter!("achievements_unlocked_total", "rarity" => rarity).increment(1));
}

/// Counts a job that ended, and when if it ended well.
pub(crate) fn job_ended(job: &'static str, succeeded: bool) {
    counter!("job_runs_total", "job" => job, "outcome" => if succeeded { "done" } else { "failed" }).increment(1);
    if succeeded {
        // When it was, not when a test's clock says.
        #[expect(clippy::disallowed_methods, reason = "a metric tells the real time, whatever a test's clock says")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        gauge!("job_last_success_timestamp_seconds", "job" => job).set(now.as_secs_f64());
    }
}

/// Whether the log has been told that this year has no partition: once is enough, until it has one again.
static IS_TOLD: AtomicBool = AtomicBool::new(false);

/// Tells where the partitions of `events` stand.
pub(crate) fn events_partitions(health: &Health) {
    let is_missing = health.years == 0;
    if !IS_TOLD.swap(is_missing, Ordering::Relaxed) && is_missing {
        tracing::warn!("this year has no partition of events: run the job create-event-partitions");
    }
    #[expect(clippy::cast_precision_loss, reason = "counted up to 1000")]
    gauge!("events_default_partition_rows").set(health.default_rows as f64);
    gauge!("events_partition_years").set(health.years);
}

/// Tells how the outbox stands.
fn outbox_stands(standing: &outbox::Standing, now: DateTime<Utc>) {
    let age = standing.oldest.map_or(TimeDelta::zero(), |oldest| now - oldest).max(TimeDelta::zero());
    #[expect(clippy::cast_precision_loss, reason = "counted up to 10000")]
    let (waiting, dead) = (standing.waiting as f64, standing.dead as f64);
    gauge!("outbox_waiting").set(waiting);
    gauge!("outbox_dead").set(dead);
    gauge!("outbox_oldest_age_seconds").set(age.to_std().unwrap_or_default().as_secs_f64());
}

/// Brings every gauge up to date: for a scrape that is about to read them, or every few seconds where nobody scrapes.
pub async fn sample(ctx: &Ctx) {
    tokio::join!(sample_database(ctx), sample_redis(ctx));
    ctx.report();
    metrics_process::Collector::default().collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    gauge!("process_cpu_cores").set(u32::try_from(cores).unwrap_or(u32::MAX));
}

/// Looks at Postgres, and at what only it knows. Where it does not answer within a second those gauges stay what they were.
async fn sample_database(ctx: &Ctx) {
    let health = tokio::time::timeout(SAMPLE_TIMEOUT, partitions::health(ctx.db(), ctx.now())).await;
    let is_up = match &health {
        Ok(health) => health.as_ref().map_or_else(is_refusal, |_| true),
        Err(_) => false,
    };
    gauge!("postgres_up").set(f64::from(u8::from(is_up)));
    match health {
        Ok(Ok(health)) => events_partitions(&health),
        Ok(Err(error)) => return tracing::warn!(error = chain(&error), "the partitions cannot be looked at"),
        Err(_) => return tracing::warn!("the partitions cannot be looked at: Postgres is slow"),
    }
    match tokio::time::timeout(SAMPLE_TIMEOUT, outbox::stands(ctx.db())).await {
        Ok(Ok(standing)) => outbox_stands(&standing, ctx.now()),
        Ok(Err(error)) => tracing::warn!(error = chain(&error), "the outbox cannot be looked at"),
        Err(_) => tracing::warn!("the outbox cannot be looked at: Postgres is slow"),
    }
}

/// Whether this is Postgres's own word that a statement is wrong (class 42): a table that is gone is a fault, but whoever says so
/// is there.
fn is_refusal(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().is_some_and(|code| code.starts_with("42")))
}

/// Looks at Redis, where there is one. A number of players that cannot be had stays what it was.
async fn sample_redis(ctx: &Ctx) {
    let Some(redis) = ctx.redis() else { return };
    let (is_up, active) =
        tokio::join!(redis.is_reachable(ctx.now()), redis.active_users(ctx.now(), &ctx.config().redis_namespace),);
    gauge!("redis_up").set(f64::from(u8::from(is_up)));
    if let Some(users) = active {
        #[expect(clippy::cast_precision_loss, reason = "there are not 2^53 people")]
        gauge!("active_users").set(users as f64);
    }
}
