//! The typed form of the content, as the blobs hold it.
//!
//! Identifiers are resolved when the content is compiled: an event refers to another by [`EventIx`], a slot
//! by [`SlotIx`], so the rules of life never look anything up by a string they could have misspelt.

mod achievement;
mod event;
mod expr;
mod keyword;
mod society;
mod table;
mod text;

pub use achievement::*;
pub use event::*;
pub use expr::*;
pub use keyword::*;
pub use society::*;
pub use table::*;
pub use text::*;
