//! What tests, drills and `cargo xtask` share: real services, real processes, and a player who lives whole lives.
//!
//! Never part of a release: nothing here is linked into a function or the gateway.

pub mod player;
pub mod process;
pub mod record;
pub mod services;
