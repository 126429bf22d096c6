//! SQL, and only SQL: one module a noun. Every change of state is one statement, so that a process killed at any
//! instruction has either done it, key and answer included, or not begun.

pub mod accounts;
pub(crate) mod auth_limits;
pub mod characters;
pub mod constraints;
pub mod content_blobs;
pub mod email_codes;
pub mod events;
pub mod idempotency;
pub mod lives;
pub mod migrations;
mod once;
pub mod partitions;
pub mod passwords;
pub(crate) mod pool;
mod statement;

pub use pool::Db;
pub use statement::{STATEMENTS, Statement};
