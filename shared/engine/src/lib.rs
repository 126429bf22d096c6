//! The rules of life: pure, deterministic, without I/O, clock or floating point.
//!
//! `state = f(seed, inputs)` under recorded content and rules versions. A life is dealt by [`new_life`], begun
//! by [`start`], lived a year at a time by [`advance`] and [`decide`]; each move returns the new life and one
//! link of a hash-chained log, from which [`replay`] lives the same life again, byte for byte, on any machine.
#![deny(clippy::float_arithmetic)]

mod ask;
mod birth;
mod content;
mod dice;
mod explain;
mod life;
mod log;
mod odds;
mod record;
mod render;
mod replay;
mod step;
mod year;

pub use ::content::{
    Blobs, ContentHash, Country, EventType, Gender, Locale, Mode, Relation, SENSITIVITIES, Schooling, Settlement,
    Stage, Terrain,
};

pub use birth::{birth_entry, new_life};
pub use content::Content;
pub use dice::{Dice, Purpose, Roll, Seed};
pub use explain::{Explanation, OptionOdds, explain};
pub use life::*;
pub use log::{Input, LogEntry, OnPending, RULES_VERSION};
pub use odds::OddsFactor;
pub use record::*;
pub use render::{Rendered, RenderedDecision, RenderedOption};
pub use replay::{Moment, ReplayError, Replayed, Verified, replay, replay_to_age, verify_chain};
pub use step::{InputError, Step, YearInput, advance, decide, start};
pub use year::{DrawFactors, Factor};
