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

/// The HTTP load generator wrk; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn wrk() -> Result<PathBuf> {
    WRK.obtain()
}
