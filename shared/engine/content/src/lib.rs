//! What can happen in a life, as data: events, countries, eras, names, and the words for them.
//!
//! Authors write TOML (`rules/`, `text/` beside this crate). The `compile` feature turns it into one rules
//! blob and one text blob per language; everything else only decodes those blobs. A blob is identified by
//! its SHA-256, so a logged life can always say under which content it was lived.

pub mod blob;
pub mod model;

#[cfg(feature = "compile")]
pub mod compile;

pub use blob::{Blobs, ContentHash};
pub use model::*;
