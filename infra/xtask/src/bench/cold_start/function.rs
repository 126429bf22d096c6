//! One function: started under a runtime API of its own, asked ten times, and counted under valgrind.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::lambda::RuntimeApi;
use testkit::process::{Process, Signal};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Program;
use crate::bench::callgrind;

/// Longest wait for a function: valgrind makes it some fifty times slower.
const PATIENCE: Duration = Duration::from_secs(120);

/// Every setting that is not empty in production, at addresses where nothing listens. The keys are nobody's.
const SETTINGS: [(&str, &str); 10] = [
    ("APP_ENV", "test"),
    ("DATABASE_URL", "postgres://nobody:nothing@127.0.0.1:1/none?sslmode=require"),
    ("DATABASE_MAX_CONNECTIONS", "1"),
    ("REDIS_URL", "rediss://127.0.0.1:1"),
    ("SESSION_STORE", "dynamodb"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"),
    ("AUTH_SIGNING_KEY", "bench:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"),
    ("AUTH_VERIFYING_KEYS", "bench:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"),
    ("LOG_LEVEL", "info"),
    ("METRICS_EXPORTER", "emf"),
];

/// What was measured of one function.
pub(super) struct Measured {
    /// From the start of the process to the request for its first event, libraries and loader included.
    pub(super) instructions: u64,
    /// The same in time: the median of all starts.
    pub(super) next_us: u64,
    /// From the event to the answer, in the process that was just started.
    pub(super) first_us: u64,
    /// The same for the tenth event.
    pub(super) tenth_us: u64,
    /// The most memory that was resident by then.
    pub(super) resident_kib: u64,
    /// Of the file.
    pub(super) bytes: u64,
}

/// Measures a function.
pub(super) async fn measure(program: &Program, starts: u32) -> Result<Measured> {
    let (mut next, mut first, mut tenth, mut resident) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..starts.max(1) {
        let (api, started, mut child) = start(Command::new(&program.path), &[]).await?;
        next.push(asked(&api, &mut child).await?.duration_since(started));
        for number in 1..=10 {
            let begun = Instant::now();
            timeout(PATIENCE, api.invoke(event(program))).await.context("no answer")??;
            match number {
                1 => first.push(begun.elapsed()),
                10 => tenth.push(begun.elapsed()),
                _ => {}
            }
        }
        resident.push(resident_kib(&child)?);
        child.kill().await?;
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        u64::try_from(times[times.len() / 2].as_micros()).unwrap_or(u64::MAX)
    };
    Ok(Measured {
        instructions: instructions(&program.path, &[]).await.with_context(|| program.name.clone())?,
        next_us: median(next),
        first_us: median(first),
        tenth_us: median(tenth),
        resident_kib: resident.into_iter().max().unwrap_or_default(),
        bytes: fs::metadata(&program.path)?.len(),
    })
}

async fn start(mut command: Command, settings: &[(&str, &str)]) -> Result<(RuntimeApi, Instant, Child)> {
    let api = RuntimeApi::start(Duration::from_secs(60)).await?;
    command.env_clear().envs(SETTINGS).envs(settings.iter().copied()).envs(api.env()).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let child = command.spawn().context("it does not start")?;
    Ok((api, started, child))
}

/// When the function first asked for an event.
async fn asked(api: &RuntimeApi, child: &mut Child) -> Result<Instant> {
    tokio::select! {
        asked = api.first_next() => asked,
        error = api.init_error() => bail!("it cannot start: {}", error?),
        ended = child.wait() => bail!("it ended before it asked for an event: {}", ended?),
        () = tokio::time::sleep(PATIENCE) => bail!("it asks for no event"),
    }
}

/// A path that no route has, as an HTTP API says it; for a job, its schedule's event.
fn event(program: &Program) -> Value {
    if program.is_job {
        return json!({
            "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "000000000000", "time": "2026-06-01T12:00:00Z", "region": "eu-west-1", "resources": [], "detail": {},
        });
    }
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/nothing", "rawQueryString": "",
        "headers": {"host": "localhost", "accept": "application/json"},
        "requestContext": {
            "stage": "$default", "domainName": "localhost",
            "http": {"method": "GET", "path": "/nothing", "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7", "userAgent": "bench"},
        },
        "isBase64Encoded": false,
    })
}

/// Counts under callgrind until the first request for an event. The process is then ended by a signal that it does not
/// handle, so nothing of its own end is counted.
pub(in crate::bench) async fn instructions(program: &Path, settings: &[(&str, &str)]) -> Result<u64> {
    let folder = TempDir::with_prefix("restart-life-callgrind-")?;
    let out = folder.path().join("out");
    let (api, _, mut child) = start(callgrind::command(&out, program), settings).await.context("valgrind is needed")?;
    asked(&api, &mut child).await?;
    let process = child.id().and_then(Process::find).context("it has ended")?;
    process.signal(Signal::USR1)?;
    timeout(PATIENCE, child.wait()).await.context("valgrind does not end")??;
    callgrind::total(&out)
}

/// The most of the process's memory that was resident at once.
fn resident_kib(child: &Child) -> Result<u64> {
    let id = child.id().context("it has ended")?;
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let line = line.context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}
