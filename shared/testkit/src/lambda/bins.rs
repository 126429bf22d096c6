//! The binaries to deploy, built if they are not fresh.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::cargo;

/// Builds the binaries of the workspace with the profile of the running test; gives their folder.
///
/// Cargo does not build another package's binaries for a test, so the test asks for them; when they are fresh this
/// takes a second. Called from several processes at once it is Cargo's own lock that lets them take turns.
///
/// # Errors
/// When the build fails; Cargo has said why on standard error.
pub async fn build() -> Result<PathBuf> {
    // <target>/<profile folder>/deps/<test program>
    let program = std::env::current_exe()?;
    let profile = program.ancestors().nth(2).context("the test program is not in a target folder")?;
    let target = profile.parent().context("a profile folder is in a target folder")?;
    let name = match profile.file_name().and_then(|name| name.to_str()).context("a profile folder has a name")? {
        "debug" => "dev",
        other => other,
    };
    let mut command = Command::from(cargo::command());
    // The whole workspace, as `cargo xtask test` builds it: one package alone would get other features and be built anew.
    command.args(["build", "--quiet", "--workspace", "--bins", "--profile", name, "--target-dir"]).arg(target);
    command.arg("--features").arg(cargo::TESTED_FEATURES.join(","));
    let status = command.status().await.context("cannot run cargo")?;
    ensure!(status.success(), "cargo build: {status}");
    Ok(profile.to_path_buf())
}
