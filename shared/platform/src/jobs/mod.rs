//! What runs by the clock instead of by a request: one table, from which a scheduled Lambda function and a CronJob can be
//! made each, and which `gateway job <id>` runs from a shell.
//!
//! A job may be started twice, and at any time: each finds out what is left to do and does that. One job is one file,
//! called as the job with `_` for `-`; the generated function `job-<id>` names its constant, so that it links no other.

pub mod create_event_partitions;
pub mod finish_account_deletions;
pub mod purge_auth;
pub mod purge_idempotency_keys;
pub mod purge_oauth_flows;
pub mod purge_sessions;
pub mod store_content;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::{ctx::Ctx, error::chain, store::migrations, telemetry};

/// Why a job could not do its work.
pub type Failure = Box<dyn Error + Send + Sync>;

type Work<'a> = BoxFuture<'a, Result<(), Failure>>;

/// One job.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Its name everywhere: command line, CronJob, function, metric label.
    pub id: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// When: five fields of cron, UTC.
    pub schedule: &'static str,
    /// Longest run.
    pub timeout: Duration,
    /// Whether a new release cannot do without it: then it also runs after every migration.
    pub after_migration: bool,
    work: for<'a> fn(&'a Ctx) -> Work<'a>,
}

/// Every job.
pub const JOBS: &[Job] = &[
    create_event_partitions::JOB,
    store_content::JOB,
    purge_idempotency_keys::JOB,
    purge_sessions::JOB,
    purge_oauth_flows::JOB,
    purge_auth::JOB,
    finish_account_deletions::JOB,
];

impl Job {
    /// The job of this name.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        JOBS.iter().find(|job| job.id == id)
    }

    /// Runs it; says in the log and in `job_runs_total` how it ended.
    ///
    /// # Errors
    /// Whatever kept it from its work, or that it took longer than it may.
    pub async fn run(&self, ctx: &Ctx) -> Result<(), Failure> {
        self.run_within(ctx, self.timeout).await
    }

    /// As [`Job::run`], where there is less time than the job may take.
    ///
    /// # Errors
    /// As [`Job::run`].
    pub async fn run_within(&self, ctx: &Ctx, limit: Duration) -> Result<(), Failure> {
        let started = Instant::now();
        let limit = limit.min(self.timeout);
        let in_time = tokio::time::timeout(limit, (self.work)(ctx)).await;
        let ended = in_time.unwrap_or_else(|_| Err(format!("took longer than {} s", limit.as_secs()).into()));
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &ended {
            Ok(()) => tracing::info!(job = self.id, duration_ms, "job done"),
            Err(error) => tracing::error!(job = self.id, duration_ms, error = chain(&**error), "job failed"),
        }
        telemetry::metrics::job_ended(self.id, ended.is_ok());
        ended
    }
}

/// Brings the schema up to date and runs the jobs that a new release needs done before it serves.
///
/// # Errors
/// What stopped the migration, or the first of those jobs that failed, by its name.
pub async fn migrate(ctx: &Ctx) -> Result<(), Failure> {
    let migrated = migrations::run_configured(ctx.config()).await;
    migrated.map_err(|error| format!("the migration stopped: {}", chain(&error)))?;
    for job in JOBS {
        if job.after_migration {
            job.run(ctx).await.map_err(|error| format!("the job {} failed: {}", job.id, chain(&*error)))?;
        }
    }
    Ok(())
}

/// Rows deleted at once: a fraction of a second, so that no lock is held for long and replicas keep up.
const BATCH: i64 = 5_000;

/// Deletes batch after batch until one finds nothing; says how many rows.
async fn in_batches<P>(db: &mut PgConnection, purge: P) -> Result<u64, sqlx::Error>
where
    P: for<'a> Fn(&'a mut PgConnection, i64) -> BoxFuture<'a, Result<u64, sqlx::Error>>,
{
    let mut deleted = 0;
    loop {
        let batch = purge(db, BATCH).await?;
        deleted += batch;
        if batch == 0 {
            return Ok(deleted);
        }
    }
}
