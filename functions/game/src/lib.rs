//! Living: starting a life, advancing it, deciding, reading where it stands, what happened and why, and going another way.

pub mod advance;
pub mod branch;
pub mod compare;
pub mod decide;
pub mod decisions;
mod error;
pub mod events;
mod fields;
mod lived;
pub mod load;
pub mod plan;
pub mod replay;
pub mod restart;
pub mod save;
pub mod start;
pub mod state;
pub mod summary;
mod view;
pub mod why;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[
    start::ROUTE,
    advance::ROUTE,
    decide::ROUTE,
    plan::ROUTE,
    state::ROUTE,
    events::ROUTE,
    decisions::ROUTE,
    why::ROUTE,
    summary::ROUTE,
    replay::ROUTE,
    branch::ROUTE,
    restart::ROUTE,
    compare::ROUTE,
    save::ROUTE,
    load::ROUTE,
];
