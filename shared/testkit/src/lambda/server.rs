//! The loopback server that stands where API Gateway's HTTP API stands.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::event::{self, FunctionError, Received};
use super::function::{Function, Launch};
use super::{Deployment, routes};

/// The largest body API Gateway takes.
const BODY_BYTES: usize = 10 * 1024 * 1024;

/// How long API Gateway waits for a function.
const INTEGRATION: Duration = Duration::from_secs(30);

/// The API and its functions.
#[derive(Debug)]
pub(super) struct Gateway {
    deployment: Deployment,
    emulator: PathBuf,
    slots: Vec<Slot>,
    client: reqwest::Client,
    errors: Mutex<Vec<FunctionError>>,
    logs: TempDir,
}

/// The instances of one function.
#[derive(Debug)]
struct Slot {
    permits: Semaphore,
    idle: Mutex<Vec<Function>>,
}

impl Gateway {
    pub(super) fn new(mut deployment: Deployment, emulator: PathBuf) -> Result<Self> {
        deployment.routes.retain(routes::Route::is_on_lambda);
        let slot = || Slot { permits: Semaphore::new(deployment.instances), idle: Mutex::default() };
        Ok(Self {
            slots: deployment.routes.iter().map(|_| slot()).collect(),
            deployment,
            emulator,
            client: reqwest::Client::builder().timeout(INTEGRATION).no_proxy().build()?,
            errors: Mutex::default(),
            logs: TempDir::with_prefix("restart-life-lambda-")?,
        })
    }

    pub(super) fn errors(&self) -> Vec<FunctionError> {
        lock(&self.errors).clone()
    }

    pub(super) fn logs(&self, id: &str) -> Option<Result<String>> {
        self.deployment.routes.iter().find(|route| route.id == id)?;
        match fs::read(self.log(id)) {
            Ok(log) => Some(Ok(String::from_utf8_lossy(&log).into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(Ok(String::new())),
            Err(error) => Some(Err(error.into())),
        }
    }

    /// Ends every idle instance, and lets no new one start; a busy one ends with its request.
    pub(super) fn stop(&self) {
        for slot in &self.slots {
            slot.permits.close();
            lock(&slot.idle).clear();
        }
    }

    fn log(&self, id: &str) -> PathBuf {
        self.logs.path().join(format!("{id}.log"))
    }

    /// The answer of the function of this id to an event; a failure is a [`FunctionError`].
    pub(super) async fn invoke_by_id(&self, id: &str, event: &Value) -> Result<Value> {
        let number = self.deployment.routes.iter().position(|route| route.id == id);
        let result = self.invoke(number.with_context(|| format!("no function {id}"))?, event).await?;
        event::failure(id, &result)?;
        Ok(serde_json::from_slice(&result)?)
    }

    /// Invokes one instance of a function, started if none is idle; gives the invocation's result.
    async fn invoke(&self, number: usize, event: &Value) -> Result<Vec<u8>> {
        let slot = &self.slots[number];
        let _permit: SemaphorePermit<'_> = slot.permits.acquire().await?;
        let idle = lock(&slot.idle).pop();
        let function = match idle {
            Some(function) => function,
            None => self.launch(number).await?,
        };
        // From here the emulator takes the invocation's trace id, as Lambda does.
        let trace = event["headers"]["x-amzn-trace-id"].as_str().unwrap_or_default();
        let invoke = self.client.post(function.invoke_url()).header("x-amzn-trace-id", trace);
        let result = outcome(invoke.json(event)).await.with_context(|| self.last_lines(number))?;
        lock(&slot.idle).push(function);
        Ok(result)
    }

    /// What the function of a route printed last, for whoever has to find out why it did not answer.
    fn last_lines(&self, number: usize) -> String {
        let route = &self.deployment.routes[number];
        let log = fs::read(self.log(&route.id)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        format!("{} did not answer; it last printed:\n{}", route.id, lines[lines.len().saturating_sub(20)..].join("\n"))
    }

    async fn launch(&self, number: usize) -> Result<Function> {
        let route = &self.deployment.routes[number];
        let (bin, log) = (self.deployment.bins.join(&route.id), self.log(&route.id));
        Function::start(&Launch { emulator: &self.emulator, bin, route, env: &self.deployment.env, log }).await
    }

    async fn answer(&self, peer: SocketAddr, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, BODY_BYTES).await else {
            return event::own(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let all = &self.deployment.routes;
        let Some(matched) = routes::find(all, parts.method.as_str(), parts.uri.path()) else {
            return event::own(StatusCode::NOT_FOUND, "Not Found");
        };
        let id = &matched.route.id;
        let received =
            Received { parts: &parts, body: &body, peer: peer.ip(), id: Uuid::now_v7(), at: SystemTime::now() };
        let number = all.iter().position(|route| route.id == *id).unwrap_or_default();
        let result = match self.invoke(number, &event::event(&received, &matched)).await {
            Ok(result) => event::response(id, &result),
            Err(error) => Err(FunctionError::new(id, "Unreachable", format!("{error:#}"))),
        };
        result.unwrap_or_else(|error| {
            lock(&self.errors).push(error);
            event::own(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        })
    }
}

/// The result of an invocation. The emulator says nothing at all where Lambda would say what went wrong outside the
/// function.
async fn outcome(invoke: reqwest::RequestBuilder) -> Result<Vec<u8>> {
    let answer = invoke.send().await?;
    let status = answer.status();
    let result = answer.bytes().await?.to_vec();
    if result.is_empty() {
        bail!("the emulator said {status} and nothing else");
    }
    Ok(result)
}

/// One handler for everything: the routes are the deployment's, not the router's.
pub(super) fn router(gateway: Arc<Gateway>) -> Router {
    let handle = async |State(gateway): State<Arc<Gateway>>,
                        ConnectInfo(peer): ConnectInfo<SocketAddr>,
                        request: Request| { gateway.answer(peer, request).await };
    Router::new().fallback(handle).with_state(gateway)
}

/// What is behind these locks is whole at every moment, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
