//! Whole lives, lived with the built-in content.

#[path = "it/lives.rs"]
mod lives;
#[path = "it/play.rs"]
mod play;
