//! A life as its player sees it: what this domain shows of it stands in the platform, for saves show the same.

pub(crate) use platform::view::{BegunOut, ChangeOut, DeathOut, EventOut, OddsOut, RelationOut, StateOut};
