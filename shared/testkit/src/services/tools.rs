//! Programs that tests and measurements call, found or installed like the servers.

use std::path::PathBuf;

use anyhow::Result;

use super::find::Wanted;

const WRK: Wanted = Wanted {
    name: "wrk",
    programs: &[&["wrk"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin"],
    apt: "wrk",
    advice: "Install wrk 4 so that it is on PATH.",
};

const AMTOOL: Wanted = Wanted {
    name: "amtool",
    programs: &[&["amtool"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/*/bin"],
    apt: "prometheus-alertmanager",
    advice: "Install Alertmanager so that amtool is on PATH.",
};

const JQ: Wanted = Wanted {
    name: "jq",
    programs: &[&["jq"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin"],
    apt: "jq",
    advice: "Install jq 1.6 or newer so that it is on PATH.",
};

/// Alertmanager's own judge of its configuration; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn amtool() -> Result<PathBuf> {
    AMTOOL.obtain()
}

/// jq, which asks our logs; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn jq() -> Result<PathBuf> {
    JQ.obtain()
}

/// The HTTP load generator wrk; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn wrk() -> Result<PathBuf> {
    WRK.obtain()
}
