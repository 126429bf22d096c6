//! The Lambda shell, for real: every route's own binary under the AWS Lambda Runtime Interface Emulator, behind a
//! loopback HTTP server that does what API Gateway's HTTP API does.
//!
//! A test gives it the routes (`gateway routes`), the folder of binaries and their environment, and then talks to
//! [`LambdaApi::url`] as any player's client would. Nothing is started before the first request to its route.
//!
//! What the stand-in leaves out of API Gateway: authorizers, CORS (ours is in the code), custom domains, throttling,
//! and the guess that an answer without `statusCode` is a body (here that is an error, because it would be one of ours).

mod api;
mod bins;
mod event;
mod function;
mod rie;
mod routes;
mod server;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::api::{Outcome, RuntimeApi};
pub use self::bins::build as build_bins;
pub use self::event::FunctionError;
pub use self::routes::Route;
use self::server::Gateway;

/// What to run.
#[derive(Debug)]
pub struct Deployment {
    /// The elements of `gateway routes`; those that do not run on Lambda are left out.
    pub routes: Vec<Route>,
    /// The folder in which every route's binary lies under the route's id.
    pub bins: PathBuf,
    /// The whole environment of every function, besides what Lambda itself sets: nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// How many instances of one function may run at once. Each takes one request at a time, as on Lambda; more
    /// requests wait.
    pub instances: usize,
}

/// A running API. Dropping it ends every function.
#[derive(Debug)]
pub struct LambdaApi {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    server: JoinHandle<()>,
}

impl LambdaApi {
    /// Installs the emulator if it is not there and starts to listen on a free port.
    ///
    /// # Errors
    /// When the emulator cannot be installed, or not run on this kind of machine (it is a Linux program).
    pub async fn start(deployment: Deployment) -> Result<Self> {
        let emulator = tokio::task::spawn_blocking(rie::install).await??;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let gateway = Arc::new(Gateway::new(deployment, emulator)?);
        let service = server::router(Arc::clone(&gateway)).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            // Serving ends with the task, which ends with this value; the listener's own errors are retried inside.
            let _ = axum::serve(listener, service).await;
        });
        Ok(Self { address, gateway, server })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every invocation so far that failed rather than answered; callers saw `500 Internal Server Error` instead.
    pub fn errors(&self) -> Vec<FunctionError> {
        self.gateway.errors()
    }

    /// Invokes a function with an event of any kind, as other services than API Gateway do; gives its answer.
    ///
    /// # Errors
    /// The [`FunctionError`] of an invocation that failed; any other for an id that is not deployed.
    pub async fn invoke(&self, id: &str, event: &serde_json::Value) -> Result<serde_json::Value> {
        self.gateway.invoke_by_id(id, event).await
    }

    /// What the function of a route has printed so far, START, END and REPORT lines of the platform included; empty
    /// before its first request.
    ///
    /// # Errors
    /// For an id that is not among the deployed routes.
    pub fn logs(&self, route: &str) -> Result<String> {
        self.gateway.logs(route).with_context(|| format!("no function {route}"))?
    }
}

impl Drop for LambdaApi {
    fn drop(&mut self) {
        self.server.abort();
        self.gateway.stop();
    }
}
