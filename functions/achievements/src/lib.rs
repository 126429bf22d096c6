//! What lives have come to: all achievements of a life, how far the others are, and what they add up to.

pub mod categories;
pub mod check;
mod csv;
pub mod export;
mod fields;
pub mod list;
pub mod progress;
pub mod stats;
pub mod unlocked;
mod view;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] =
    &[list::ROUTE, unlocked::ROUTE, progress::ROUTE, stats::ROUTE, check::ROUTE, categories::ROUTE, export::ROUTE];
