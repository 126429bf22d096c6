//! What tests, drills and `cargo xtask` share: real services, real processes, and a player who lives whole lives.
//!
//! Never part of a release: nothing here is linked into a function or the gateway.
#![expect(clippy::disallowed_methods, reason = "tests and tools live in the real world: its environment and its time")]

#[cfg(feature = "app")]
pub mod app;
pub mod cargo;
#[cfg(feature = "app")]
pub mod collector;
#[cfg(feature = "app")]
pub mod database;
#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "app")]
pub mod mail;
pub mod node;
pub mod player;
pub mod process;
pub mod proxy;
pub mod python;
#[cfg(feature = "lambda")]
pub mod queue;
pub mod record;
pub mod services;
#[cfg(feature = "app")]
pub mod sessions_table;
#[cfg(any(feature = "app", feature = "lambda"))]
mod stand_in;
