//! Statistics of a life: where it stands, how its numbers went, what happened in it, with whom, and when.

pub mod attributes;
pub mod events;
mod impact;
pub mod overview;
pub mod relationships;
pub mod timeline;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] =
    &[overview::ROUTE, attributes::ROUTE, events::ROUTE, relationships::ROUTE, timeline::ROUTE];
