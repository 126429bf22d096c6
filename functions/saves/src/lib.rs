//! Saves: keeping moments of a life, looking at them, and going on from one as a life of its own.

pub mod create;
pub mod delete;
mod fields;
pub mod get;
pub mod list;
pub mod load;

use platform::Route;

/// Every route of this domain.
pub const ROUTES: &[Route] = &[list::ROUTE, create::ROUTE, get::ROUTE, delete::ROUTE, load::ROUTE];
