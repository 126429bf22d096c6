//! A life as its player sees it.

mod begun;
mod decision;
mod event;
mod state;

pub(crate) use begun::BegunOut;
pub(crate) use decision::OddsOut;
pub(crate) use event::{ChangeOut, EventOut};
pub(crate) use state::{DeathOut, RelationOut, StateOut};
