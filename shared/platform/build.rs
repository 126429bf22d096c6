//! Tells cargo what `sqlx::migrate!` embeds: without it a new migration would not be seen until something else changes.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    writeln!(std::io::stdout(), "cargo::rerun-if-changed=../../migrations")
}
