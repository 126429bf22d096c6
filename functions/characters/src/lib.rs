//! Characters: dealing one, listing one's own, and looking at one.

pub mod create;
pub mod get;
pub mod list;
mod view;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[create::ROUTE, list::ROUTE, get::ROUTE];
