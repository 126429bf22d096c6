//! A job as an AWS Lambda function: run by EventBridge on its schedule, by the messages of its queue, or by an operator's
//! `aws lambda invoke`.

use std::{process::ExitCode, time::Duration};

use aws_lambda_events::cloudwatch_events::CloudWatchEvent;
use lambda_http::lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime};
use serde_json::{Value, json};
use tower::service_fn;

use super::{queue, start};
use crate::{
    ctx::Ctx,
    error::chain,
    jobs::{self, Failure, Job, Start},
    telemetry,
};

/// What is left of an invocation's time to say that the job took too long, before Lambda ends the process.
const TO_SAY_SO: Duration = Duration::from_secs(1);

/// What Lambda's log and retries call a job that failed.
const FAILED: &str = "JobFailed";

/// Runs `job` at each event until the environment is shut down. A failure is the function's: Lambda then tries again, and
/// in the end puts the event where the template says (`DeadLetterQueue`). Of a queue's messages only those fail that did.
pub fn lambda_job(job: &'static Job) -> ExitCode {
    start::run(move |ctx| Runtime::new(service_fn(move |event| run(ctx, job, event))))
}

/// Migrates the database at each event, and runs the jobs that a new release needs done before it serves.
pub fn lambda_migrate() -> ExitCode {
    start::run(move |ctx| Runtime::new(service_fn(move |event| migrate(ctx, event))))
}

async fn run(ctx: &'static Ctx, job: &'static Job, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let LambdaEvent { payload, context } = event;
    if matches!(job.start, Start::Queue { .. }) {
        let done = queue::batch(ctx, job, payload, left(ctx, &context)).await;
        telemetry::flush(ctx).await;
        return done.map_err(failed);
    }
    if let Ok(event) = serde_json::from_value::<CloudWatchEvent>(payload) {
        tracing::info!(job = job.id, event_id = event.id, scheduled = %event.time, source = event.source, "called");
    }
    let left = left(ctx, &context);
    let ended = job.run_within(ctx, left).await;
    telemetry::flush(ctx).await;
    ended.map_err(failed)?;
    Ok(json!({"job": job.id, "outcome": "done"}))
}

async fn migrate(ctx: &Ctx, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let left = left(ctx, &event.context);
    let late = || Err(format!("took longer than {} s", left.as_secs()).into());
    let ended = tokio::time::timeout(left, jobs::migrate(ctx)).await.unwrap_or_else(|_| late());
    telemetry::flush(ctx).await;
    ended.map_err(failed)?;
    Ok(json!({"job": "migrate", "outcome": "done"}))
}

/// Until Lambda ends the invocation.
fn left(ctx: &Ctx, context: &Context) -> Duration {
    let now = Duration::from_millis(u64::try_from(ctx.now().timestamp_millis()).unwrap_or_default());
    Duration::from_millis(context.deadline).saturating_sub(now).saturating_sub(TO_SAY_SO)
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn failed(error: Failure) -> Diagnostic {
    Diagnostic { error_type: FAILED.to_owned(), error_message: chain(&*error) }
}
