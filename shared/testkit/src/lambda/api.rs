//! Lambda's runtime API, as far as a function sees it: what the emulator does not do, this does. It hands several events
//! out at once, as to a Managed Instance; it tells when a function first asked for work; and it starts nothing, so that the
//! function may run under a profiler.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::AppendHeaders;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The function's answer.
    Answered(Value),
    /// What it said of its failure: `errorType` and `errorMessage`.
    Failed(Value),
}

/// A running API for one function. Dropping it hangs up.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    events: mpsc::UnboundedSender<(Uuid, Value)>,
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<(Uuid, Value)>>,
    /// When the function first asked for an event.
    first_next: watch::Sender<Option<Instant>>,
    /// What it said when it could not start.
    init_error: watch::Sender<Option<Value>>,
    invocations: Mutex<HashMap<Uuid, oneshot::Sender<Outcome>>>,
    /// What is left of an invocation's time when it begins.
    time: Duration,
}

impl RuntimeApi {
    /// Listens on a free port. Every invocation has `time` until its deadline; nothing happens then.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(time: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            events,
            waiting: tokio::sync::Mutex::new(waiting),
            first_next: watch::Sender::new(None),
            init_error: watch::Sender::new(None),
            invocations: Mutex::default(),
            time,
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(cannot_start))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // Serving ends with the task, which ends with this value; the listener's own errors are retried inside.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, shared, server })
    }

    /// What Lambda sets in a function's environment, at least.
    pub fn env(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "function".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ]
    }

    /// Waits until the function asks for its first event; gives the moment.
    ///
    /// # Errors
    /// When the API is gone.
    pub async fn first_next(&self) -> Result<Instant> {
        let mut first = self.shared.first_next.subscribe();
        let seen = *first.wait_for(Option::is_some).await?;
        seen.context("it was there a moment ago")
    }

    /// Waits until the function says why it cannot start; gives what it says.
    ///
    /// # Errors
    /// When the API is gone.
    pub async fn init_error(&self) -> Result<Value> {
        let mut error = self.shared.init_error.subscribe();
        let seen = error.wait_for(Option::is_some).await?.clone();
        seen.context("it was there a moment ago")
    }

    /// Hands an event to whoever asks next, and waits for what comes of it.
    ///
    /// # Errors
    /// When the API is gone.
    pub async fn invoke(&self, event: Value) -> Result<Outcome> {
        let id = Uuid::now_v7();
        let (ended, outcome) = oneshot::channel();
        self.shared.invocations.lock().unwrap_or_else(PoisonError::into_inner).insert(id, ended);
        self.shared.events.send((id, event))?;
        Ok(outcome.await?)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    /// Ends an invocation; one that has ended is no more.
    fn end(&self, id: Uuid, outcome: Outcome) -> StatusCode {
        let waiting = self.invocations.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        match waiting.map(|waiting| waiting.send(outcome)) {
            Some(Ok(())) => StatusCode::ACCEPTED,
            _ => StatusCode::GONE,
        }
    }
}

async fn next(
    State(shared): State<Arc<Shared>>,
) -> Result<(AppendHeaders<[(HeaderName, String); 4]>, String), StatusCode> {
    shared.first_next.send_if_modified(|first| {
        let is_first = first.is_none();
        first.get_or_insert_with(Instant::now);
        is_first
    });
    let event = shared.waiting.lock().await.recv().await;
    // This state holds a sender itself.
    let (id, event) = event.ok_or(StatusCode::GONE)?;
    let deadline = SystemTime::now() + shared.time;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    // A caller's own trace goes on, as through API Gateway; else one begins here.
    let trace = event["headers"]["x-amzn-trace-id"].as_str().map(str::to_owned);
    let trace = trace.unwrap_or_else(|| format!("Root=1-00000000-{}", &id.simple().to_string()[..24]));
    let headers = [
        ("lambda-runtime-aws-request-id", id.to_string()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:function".to_owned()),
        ("lambda-runtime-trace-id", trace),
    ];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value));
    Ok((AppendHeaders(headers), event.to_string()))
}

async fn answered(State(shared): State<Arc<Shared>>, Path(id): Path<Uuid>, body: Bytes) -> StatusCode {
    shared.end(id, Outcome::Answered(json(&body)))
}

async fn failed(State(shared): State<Arc<Shared>>, Path(id): Path<Uuid>, body: Bytes) -> StatusCode {
    shared.end(id, Outcome::Failed(json(&body)))
}

async fn cannot_start(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.init_error.send_replace(Some(json(&body)));
    StatusCode::ACCEPTED
}

/// JSON, or as a text what is none.
fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into())
}
