//! SQL, and only SQL: one module a noun. Every change of state is one statement, so that a process killed at any
//! instruction has either done it, key and answer included, or not begun.

pub mod accounts;
pub mod achievements;
pub(crate) mod auth_limits;
pub mod branches;
pub mod characters;
pub mod constraints;
pub mod content_blobs;
pub mod decisions;
pub(crate) mod deletion;
pub mod devices;
pub mod email_codes;
pub mod events;
pub mod export;
pub mod idempotency;
pub mod identities;
pub mod lives;
pub mod migrations;
pub mod oauth_flows;
mod once;
pub mod outbox;
pub mod partitions;
pub mod passwords;
pub(crate) mod pool;
pub mod redealing;
pub mod removal;
pub mod saves;
pub(crate) mod sessions;
pub(crate) mod state;
mod statement;
pub mod stats;

pub use pool::Db;
pub use statement::{STATEMENTS, Statement};
