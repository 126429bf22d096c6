//! The rules of life: pure, deterministic, without I/O, clock or floating point.
//!
//! `state = f(seed, inputs)` under recorded content and rules versions. A life is dealt by [`new_life`], begun
//! by [`start`], lived a year at a time by [`advance`] and [`decide`]; each move returns the new life and one
//! link of a hash-chained log, from which [`replay`] lives the same life again, byte for byte, on any machine.
#![deny(clippy::float_arithmetic)]

mod achieve;
mod ask;
mod birth;
mod compare;
mod content;
mod dice;
mod explain;
mod foresee;
mod life;
mod local;
mod log;
mod obstacle;
mod odds;
mod reach;
mod record;
mod render;
mod replay;
mod simulate;
mod step;
mod summary;
mod world;
mod year;

pub use ::content::{
    Achievement, AchievementCategory, AssetKind, Blobs, ContentHash, Country, Effort, EventType, Gender, Habit, Living,
    Locale, Mode, News, Rarity, Relation, SENSITIVITIES, Schooling, Settlement, Society, Stage, Terrain,
};

pub use achieve::{Achieved, Progress, achieved, achieved_in, progress};
pub use birth::{birth_entry, new_life};
pub use compare::{Comparison, Difference, compare};
pub use content::Content;
pub use dice::{Dice, Purpose, Roll, Seed};
pub use explain::{ExplainedChance, Explanation, OptionOdds, explain, explain_year};
pub use life::*;
pub use log::{Input, LogEntry, OnPending, RULES_VERSION};
pub use obstacle::{Obstacle, obstacles};
pub use odds::OddsFactor;
pub use record::*;
pub use render::{Rendered, RenderedDecision, RenderedOption};
pub use replay::{Moment, ReplayError, Replayed, Verified, replay, replay_to_age, verify, verify_chain};
pub use simulate::{chosen_by_dice, simulate};
pub use step::{InputError, Step, YearInput, advance, decide, set_plan, start};
pub use summary::{Category, Grade, Graded, Reason, Summary, summary};
pub use year::{DrawFactors, Factor};
