//! The routes that are about the service itself: is it alive, is it ready, what does it speak, and what is not there.

pub mod docs;
pub mod fallback;
mod generated;
pub mod health;
pub mod metrics;
pub mod openapi;
pub mod ready;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] =
    &[health::ROUTE, ready::ROUTE, metrics::ROUTE, openapi::ROUTE, docs::ROUTE, fallback::ROUTE];
