//! What runs by the clock or by a queue's messages instead of by a request: one table, from which a Lambda function is made
//! each, and a CronJob of each that has a schedule; `gateway job <id>` runs any of them from a shell.
//!
//! Queues are Amazon's (SQS), so where there are none, nothing waits in them: each job that fills a queue on AWS does
//! elsewhere itself what the queue's job does there.
//!
//! A job may be started twice, and at any time: each finds out what is left to do and does that. One job is one file,
//! called as the job with `_` for `-`; the generated function `job-<id>` names its constant, so that it links no other.

pub mod backfill_achievements;
pub mod create_event_partitions;
pub mod deliver_outbox;
pub mod finish_account_deletions;
pub mod purge_auth;
pub mod purge_characters;
pub mod purge_idempotency_keys;
pub mod purge_oauth_flows;
pub mod purge_outbox;
pub mod purge_sessions;
pub mod send_webhook;
pub mod store_content;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::{ctx::Ctx, error::chain, route::Secret, store::migrations, telemetry};

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
    /// Longest run.
    pub timeout: Duration,
    /// What starts it, and what it then does.
    pub start: Start,
    /// Whether a new release cannot do without it: then it also runs after every migration.
    pub after_migration: bool,
    /// The setting without which it has nothing to do: where that is not set it need not be started.
    pub needs: Option<&'static str>,
    /// The queue into which it puts what another job is to do, where there are queues.
    pub fills: Option<&'static str>,
    /// What it is given that others are not; where it fills a queue, who empties that is given it instead.
    pub secrets: &'static [Secret],
    /// Whether it has any business with Postgres, Redis and sessions. One without is told nothing of them on AWS.
    pub stores: bool,
}

/// What starts a job.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// The clock.
    Clock {
        /// Five fields of cron, UTC.
        schedule: &'static str,
        /// What it does then.
        work: for<'a> fn(&'a Ctx) -> Work<'a>,
    },
    /// A message in a queue. It comes at least once; one that fails comes again, and what always fails is put aside.
    Queue {
        /// The queue's name.
        name: &'static str,
        /// How often a message is tried before it is put aside.
        tries: u16,
        /// What it does with one message.
        work: for<'a> fn(&'a Ctx, &'a str) -> Work<'a>,
    },
}

/// Every job.
pub const JOBS: &[Job] = &[
    create_event_partitions::JOB,
    store_content::JOB,
    purge_idempotency_keys::JOB,
    purge_sessions::JOB,
    purge_oauth_flows::JOB,
    purge_auth::JOB,
    purge_characters::JOB,
    finish_account_deletions::JOB,
    deliver_outbox::JOB,
    send_webhook::JOB,
    purge_outbox::JOB,
    backfill_achievements::JOB,
];

impl Job {
    /// A job with nothing special about it, for the fields that another one does not name.
    const PLAIN: Self = Self {
        id: "",
        summary: "",
        timeout: Duration::ZERO,
        start: Start::Clock { schedule: "", work: |_| Box::pin(async { Ok(()) }) },
        after_migration: false,
        needs: None,
        fills: None,
        secrets: &[],
        stores: true,
    };

    /// The job of this name.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        JOBS.iter().find(|job| job.id == id)
    }

    /// When it runs; `None` where a queue starts it.
    #[must_use]
    pub const fn schedule(&self) -> Option<&'static str> {
        match self.start {
            Start::Clock { schedule, .. } => Some(schedule),
            Start::Queue { .. } => None,
        }
    }

    /// Runs it once; says in the log and in `job_runs_total` how it ended.
    ///
    /// # Errors
    /// Whatever kept it from its work, that it took longer than it may, or that it needs a message to work on.
    pub async fn run(&self, ctx: &Ctx) -> Result<(), Failure> {
        self.run_within(ctx, self.timeout).await
    }

    /// As [`Job::run`], where there is less time than the job may take.
    ///
    /// # Errors
    /// As [`Job::run`].
    pub async fn run_within(&self, ctx: &Ctx, limit: Duration) -> Result<(), Failure> {
        match self.start {
            Start::Clock { work, .. } => self.ended(limit, work(ctx)).await,
            Start::Queue { name, .. } => Err(format!("it works on messages of the queue {name}").into()),
        }
    }

    /// Works on one message.
    ///
    /// # Errors
    /// As [`Job::run_within`]; then the message is to be tried again. Also that it runs by the clock.
    pub async fn handle(&self, ctx: &Ctx, message: &str, limit: Duration) -> Result<(), Failure> {
        match self.start {
            Start::Queue { work, .. } => self.ended(limit, work(ctx, message)).await,
            Start::Clock { .. } => Err("it runs by the clock and takes no messages".into()),
        }
    }

    async fn ended(&self, limit: Duration, work: Work<'_>) -> Result<(), Failure> {
        let started = Instant::now();
        let limit = limit.min(self.timeout);
        let in_time = tokio::time::timeout(limit, work).await;
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
    in_batches_of(BATCH, db, purge).await
}

/// As [`in_batches`], for rows that much hangs on: that many at once.
async fn in_batches_of<P>(size: i64, db: &mut PgConnection, purge: P) -> Result<u64, sqlx::Error>
where
    P: for<'a> Fn(&'a mut PgConnection, i64) -> BoxFuture<'a, Result<u64, sqlx::Error>>,
{
    let mut deleted = 0;
    loop {
        let batch = purge(db, size).await?;
        deleted += batch;
        if batch == 0 {
            return Ok(deleted);
        }
    }
}
