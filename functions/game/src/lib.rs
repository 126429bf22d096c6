//! Living: starting a life, advancing it, deciding, and reading where it stands and what happened.

pub mod advance;
pub mod decide;
mod error;
pub mod events;
mod lived;
pub mod start;
pub mod state;
mod view;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[start::ROUTE, advance::ROUTE, decide::ROUTE, state::ROUTE, events::ROUTE];
