//! What every handler stands on: the route table's types, HTTP envelope and extractors, errors, tokens, SQL, Redis,
//! telemetry, configuration, and the two runtimes (`lambda`, `server`) that turn a [`route::Route`] into a running function.
//!
//! Nothing in here knows a rule of the game (that is `engine`) or what a single operation does (`functions/<domain>`).

pub mod auth;
pub mod aws;
pub mod backfill;
pub mod branching;
pub mod cache;
pub mod config;
pub mod ctx;
pub mod dealing;
pub mod deletion;
pub mod error;
mod fault;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod outbox;
pub mod probe;
pub mod route;
mod runtime;
pub mod saving;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod view;
mod wire;

pub use ctx::{Ctx, Cx};
pub use error::{ApiError, Code};
pub use http::envelope::{Answer, Reply};
pub use route::Route;
pub use runtime::{
    job::{lambda_job, lambda_migrate},
    lambda::lambda,
    server::serve,
};
