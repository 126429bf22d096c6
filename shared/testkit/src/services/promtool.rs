//! Prometheus's own judge of alert rules; found and installed as the servers are.

use std::path::PathBuf;

use anyhow::Result;

use super::find::Wanted;

const PROMTOOL: Wanted = Wanted {
    name: "promtool",
    programs: &[&["promtool"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/*/bin"],
    apt: "prometheus",
    advice: "Install Prometheus so that promtool is on PATH.",
};

/// The program.
///
/// # Errors
/// When it is not there and cannot be installed.
pub fn promtool() -> Result<PathBuf> {
    PROMTOOL.obtain()
}
