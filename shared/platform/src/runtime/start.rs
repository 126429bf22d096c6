//! How a Lambda function begins, says that it cannot, and ends: the same for routes and jobs.

use std::{
    env,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    pin::{Pin, pin},
    process::ExitCode,
    task::{Context, Poll},
    time::Duration,
};

use lambda_http::{
    Error,
    lambda_runtime::{LambdaInvocation, Runtime},
};
use serde_json::json;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::timeout,
};
use tower::{Service, layer::layer_fn};

use super::init;
use crate::{
    config::Exporter,
    ctx::{Ctx, Phase},
    error::chain,
    telemetry::metrics::exporter,
};

/// How long what was begun may go on after SIGTERM. Lambda kills 500 ms after it, or 2 s with an external extension.
const LAST_MOMENTS: Duration = Duration::from_millis(400);

/// Longest wait for the runtime API to take the report that we cannot start. It is on the same machine.
const REPORT: Duration = Duration::from_secs(2);

/// What Lambda calls a failure to start.
const INIT_ERROR: &str = "Runtime.InitError";

/// Starts the process, and runs what `assemble` makes until the environment is shut down.
pub(super) fn run<S>(assemble: impl FnOnce(&'static Ctx) -> Runtime<S>) -> ExitCode
where
    S: Service<LambdaInvocation, Response = (), Error = Error, Future: Send> + Clone + Send + 'static,
{
    let (runtime, ctx) = match begin() {
        Ok(begun) => begun,
        Err(error) => {
            let reported = report(&error);
            say("cannot start", &error);
            return match reported {
                Ok(()) => ExitCode::FAILURE,
                Err(error) => {
                    say("the runtime API was not told", &error.into());
                    ExitCode::FAILURE
                }
            };
        }
    };
    let served = runtime.block_on(async {
        ctx.enter(Phase::Serving);
        until_terminated(ctx, assemble(ctx)).await
    });
    // Not dropped: that would wait for a name that is being resolved.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say("cannot go on", &error);
            ExitCode::FAILURE
        }
    }
}

fn begin() -> Result<(tokio::runtime::Runtime, &'static Ctx), Error> {
    let mut builder = match at_once() {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build()?;
    let ctx = {
        let _inside = runtime.enter();
        init()?
    };
    let config = ctx.config();
    if config.metrics_exporter == Exporter::Emf {
        exporter::install(Exporter::Emf, &config.metrics_namespace)?;
    }
    Ok((runtime, ctx))
}

/// How many invocations Lambda sends into this environment at once: one, or as many as a Managed Instance is set to.
#[expect(clippy::disallowed_methods, reason = "set by Lambda, and no setting of an operator's")]
fn at_once() -> u32 {
    env::var("AWS_LAMBDA_MAX_CONCURRENCY").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Runs until SIGTERM, which Lambda sends where an extension is registered, and then until what was begun is answered.
async fn until_terminated<S>(ctx: &Ctx, function: Runtime<S>) -> Result<(), Error>
where
    S: Service<LambdaInvocation, Response = (), Error = Error, Future: Send> + Clone + Send + 'static,
{
    let mut terminate = signal(SignalKind::terminate())?;
    let (busy, mut begun) = watch::channel(0_usize);
    let counted = layer_fn(|inner| Counted { inner, busy: busy.clone() });
    let mut running = pin!(function.layer(counted).run_concurrent());
    tokio::select! {
        ended = &mut running => return ended,
        _ = terminate.recv() => {}
    }
    ctx.enter(Phase::Draining);
    tokio::select! {
        ended = running => ended,
        idle = timeout(LAST_MOMENTS, begun.wait_for(|begun| *begun == 0)) => {
            tracing::info!(unfinished = idle.is_err(), "stopped");
            Ok(())
        }
    }
}

/// Counts invocations from the event to the moment when the runtime API has the answer.
#[derive(Clone)]
struct Counted<S> {
    inner: S,
    busy: watch::Sender<usize>,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Counting<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        self.busy.send_modify(|busy| *busy += 1);
        let busy = Busy(self.busy.clone());
        Counting { inner: Box::pin(self.inner.call(invocation)), _busy: busy }
    }
}

struct Counting<F> {
    inner: Pin<Box<F>>,
    _busy: Busy,
}

impl<F: Future> Future for Counting<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.inner.as_mut().poll(context)
    }
}

struct Busy(watch::Sender<usize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|busy| *busy -= 1);
    }
}

/// Tells Lambda why there will be no function, so that the caller, the log and the metrics know more than an exit code.
/// By hand and without a runtime: that may be what could not be made.
///
/// # Errors
/// When the runtime API does not take it.
#[expect(clippy::disallowed_methods, reason = "set by Lambda, and no setting of an operator's")]
fn report(error: &Error) -> io::Result<()> {
    let api = env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    let body = json!({"errorType": INIT_ERROR, "errorMessage": chain(&**error), "stackTrace": []}).to_string();
    let mut stream = TcpStream::connect(&api)?;
    stream.set_write_timeout(Some(REPORT))?;
    stream.set_read_timeout(Some(REPORT))?;
    write!(
        stream,
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: {INIT_ERROR}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len(),
    )?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    match &status[9..] {
        b"202" => Ok(()),
        other => Err(io::Error::other(format!("it answered {}", String::from_utf8_lossy(other)))),
    }
}

/// A log line of its own: the log may not be up yet.
#[expect(clippy::print_stderr, reason = "the last words of a process that cannot start or go on")]
fn say(message: &str, error: &Error) {
    eprintln!("{}", json!({"level": "ERROR", "message": message, "error": chain(&**error)}));
}
