//! A life as its player sees it.

mod decision;
mod event;
mod state;

pub(crate) use decision::OddsOut;
pub(crate) use event::{ChangeOut, EventOut};
pub(crate) use state::StateOut;
