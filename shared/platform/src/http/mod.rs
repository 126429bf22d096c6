//! From routes to an HTTP service: what surrounds every handler, and what a handler takes and gives.

pub mod docs;
pub mod envelope;
pub mod extract;
mod fields;
mod gate;
pub mod headers;
pub mod idem;
pub(crate) mod info;
mod observe;
pub mod page;
mod router;
pub mod wishes;
pub mod word;

pub use extract::{Json, Path, Query};
pub use fields::{Broken, Change, FieldErrors};
pub use info::RoundTrips;
pub use router::router;
