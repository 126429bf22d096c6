//! Whole lives, lived with the built-in content.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "it/achievements.rs"]
mod achievements;
#[path = "it/golden.rs"]
mod golden;
#[path = "it/invariants.rs"]
mod invariants;
#[path = "it/lives.rs"]
mod lives;
#[path = "it/mechanics.rs"]
mod mechanics;
#[path = "it/obstacles.rs"]
mod obstacles;
#[path = "it/plans.rs"]
mod plans;
#[path = "it/play.rs"]
mod play;
#[path = "it/telling.rs"]
mod telling;
