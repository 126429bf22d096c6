//! Cargo, started from a program that Cargo or nextest started.

use std::process::Command;

/// Features that the tests of some package ask for, and so change what everything that depends on it is built as. Who builds
/// programs with them builds the tree once, and not once for the tests and once for the programs.
pub const TESTED_FEATURES: &[&str] = &["content/compile"];

/// What Cargo tells a program about its package.
const ABOUT_THE_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// The cargo that runs this program, without what it has told this program about its package.
///
/// Some build scripts (ring's among them) are run anew when these variables change. A cargo that inherits them builds
/// half of the tree again, and so does the next one that does not.
pub fn command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if ABOUT_THE_PACKAGE.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}
