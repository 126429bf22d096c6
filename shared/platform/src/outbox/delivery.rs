//! One run of the deliverer: claims what is due in batches, sends, and settles each: delivered, to be tried again later, or
//! given up. Whoever is killed in between has only lost its claim, which runs out.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::{Message, target::Target};
use crate::{
    ctx::Ctx,
    jobs::Failure,
    store::{
        outbox::{self, Claimed, Failed},
        pool,
    },
};

/// How long a claim holds: several times as long as a batch can take.
const CLAIM: TimeDelta = TimeDelta::seconds(60);
/// After this a run begins no further batch; the next run goes on.
const RUN: Duration = Duration::from_secs(45);
/// Attempts before an event is given up. With the waits below that is after 14 to 29 hours.
const ATTEMPTS: i16 = 24;
/// The wait after the first attempt; it doubles with each.
const FIRST_WAIT_S: i64 = 10;
/// The longest wait.
const LONGEST_WAIT_S: i64 = 2 * 3600;

/// What one run did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Messages that arrived.
    pub(crate) delivered: u64,
    /// Attempts that failed, and will be repeated.
    pub(crate) failed: u64,
    /// Events given up.
    pub(crate) dead: u64,
}

/// Delivers what is due, for at most a minute. A batch of which nothing arrives ends the run: then nobody is there, and every
/// further one would only lose attempts.
///
/// # Errors
/// When Postgres does not answer, a setting is missing, or nothing of what was due could be delivered. It waits then; the error
/// is for who watches the job.
pub(crate) async fn run(ctx: &Ctx) -> Result<Sum, Failure> {
    let mut sum = Sum::default();
    let Some(target) = Target::of(ctx).await? else { return Ok(sum) };
    let mut db = pool::connect(ctx.config()).await?;
    let began = Instant::now();
    while began.elapsed() < RUN {
        let now = ctx.now();
        let claimed = outbox::claim(&mut db, now, now + CLAIM, i64::try_from(target.batch())?).await?;
        if claimed.is_empty() {
            break;
        }
        let done = batch(ctx, &mut db, &target, claimed).await?;
        sum = Sum {
            delivered: sum.delivered + done.delivered,
            failed: sum.failed + done.failed,
            dead: sum.dead + done.dead,
        };
        if done.delivered == 0 {
            break;
        }
    }
    if sum.delivered == 0 && sum.failed + sum.dead > 0 {
        return Err(format!("none of {} events was taken; they wait", sum.failed + sum.dead).into());
    }
    Ok(sum)
}

async fn batch(ctx: &Ctx, db: &mut PgConnection, target: &Target, claimed: Vec<Claimed>) -> Result<Sum, Failure> {
    // Whoever made the last attempt did not live to say what became of it.
    let (exhausted, claimed): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|event| event.attempts > ATTEMPTS);
    let messages: Vec<_> = claimed.iter().map(Message::of).collect();
    let outcomes = if messages.is_empty() { Vec::new() } else { target.send(ctx, &messages).await };
    let now = ctx.now();
    let (mut arrived, mut failed) = (Vec::new(), Vec::new());
    for event in exhausted {
        failed.push(failure(ctx, &event, "the last attempt did not come to its end".to_owned(), now));
    }
    for (event, outcome) in claimed.iter().zip(outcomes) {
        match outcome {
            Ok(()) => arrived.push(event.event_id),
            Err(error) => failed.push(failure(ctx, event, error, now)),
        }
    }
    outbox::delivered(db, &arrived, now).await?;
    let dead = if failed.is_empty() { 0 } else { outbox::failed(db, &failed, now).await? };
    if let Some(first) = failed.first() {
        tracing::warn!(failed = failed.len(), dead, error = first.error, "events were not delivered");
    }
    let sum = Sum { delivered: arrived.len() as u64, failed: (failed.len() as u64).saturating_sub(dead), dead };
    for (outcome, number) in [("delivered", sum.delivered), ("failed", sum.failed), ("dead", sum.dead)] {
        metrics::counter!("outbox_deliveries_total", "outcome" => outcome).increment(number);
    }
    Ok(sum)
}

fn failure(ctx: &Ctx, event: &Claimed, error: String, now: DateTime<Utc>) -> Failed {
    let spread = u16::from_be_bytes(ctx.random());
    let again_at = (event.attempts < ATTEMPTS).then(|| now + wait(event.attempts, spread));
    Failed { event_id: event.event_id, attempts: event.attempts, error, again_at }
}

/// How long to wait after this attempt: doubling, bounded, and somewhere between half of that and all of it, so that what
/// failed together does not come back together. `spread` is random.
fn wait(attempt: i16, spread: u16) -> TimeDelta {
    let doublings = u32::try_from(attempt - 1).unwrap_or_default().min(16);
    let whole_ms = (FIRST_WAIT_S << doublings).min(LONGEST_WAIT_S) * 1000;
    let half_ms = whole_ms / 2;
    TimeDelta::milliseconds(half_ms + half_ms * i64::from(spread) / i64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_two_hours_and_are_spread_over_their_second_half() {
        let s = |attempt, spread| wait(attempt, spread).num_seconds();
        let rows = [(1, 5, 10), (2, 10, 20), (5, 80, 160), (10, 2560, 5120), (11, 3600, 7200), (24, 3600, 7200)];
        for (attempt, least, most) in rows {
            assert_eq!((s(attempt, 0), s(attempt, u16::MAX)), (least, most), "attempt {attempt}");
        }
        let most: i64 = (1..ATTEMPTS).map(|attempt| s(attempt, 0)).sum();
        assert!(most > 12 * 3600, "whoever is away for half a day misses nothing: {most} s");
    }
}
