//! What runs by the clock instead of by a request: one table, from which a scheduled Lambda function and a CronJob can be
//! made each, and which `gateway job <id>` runs from a shell.
//!
//! A job may be started twice, and at any time: each finds out what is left to do and does that.

mod account_deletions;
mod auth;
mod content;
mod idempotency_keys;
mod oauth_flows;
mod partitions;
mod sessions;

use std::{
    error::Error,
    pin::Pin,
    time::{Duration, Instant},
};

use crate::{ctx::Ctx, error::chain, telemetry};

/// Why a job could not do its work.
pub type Failure = Box<dyn Error + Send + Sync>;

type Work<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

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
    partitions::JOB,
    content::JOB,
    idempotency_keys::JOB,
    sessions::JOB,
    oauth_flows::JOB,
    auth::JOB,
    account_deletions::JOB,
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
        let started = Instant::now();
        let in_time = tokio::time::timeout(self.timeout, (self.work)(ctx)).await;
        let ended = in_time.unwrap_or_else(|_| Err(format!("took longer than {} s", self.timeout.as_secs()).into()));
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &ended {
            Ok(()) => tracing::info!(job = self.id, duration_ms, "job done"),
            Err(error) => tracing::error!(job = self.id, duration_ms, error = chain(&**error), "job failed"),
        }
        telemetry::metrics::job_ended(self.id, ended.is_ok());
        ended
    }
}
