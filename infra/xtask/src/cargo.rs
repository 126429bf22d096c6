//! Building our own programs.
//!
//! Always as members of the whole workspace, and with the features that its tests ask for: cargo unifies the features of
//! what it is asked to build, and asking for less would compile half of the tree a second time with other features.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The command that builds a program, with cargo's progress on standard error and [`executable`]'s input on standard
/// output.
pub(crate) fn build_command(program: &str, features: &[&str]) -> Command {
    let mut build = testkit::cargo::command();
    build.args(["build", "--workspace", "--bin", program, "--message-format", "json-render-diagnostics"]);
    build.arg("--features").arg([testkit::cargo::TESTED_FEATURES, features].concat().join(","));
    build.stdin(Stdio::null()).stdout(Stdio::piped());
    build
}

/// Builds a program of this checkout and says where it is.
///
/// # Errors
/// When it does not build; cargo has said why on standard error.
pub(crate) fn build(checkout: &Path, program: &str, features: &[&str]) -> Result<PathBuf> {
    let output = build_command(program, features).current_dir(checkout).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{program} does not build");
    executable(&output.stdout)
}

/// Where cargo put the program, by its own account: the target directory may be anywhere.
///
/// # Errors
/// When cargo does not say.
pub(crate) fn executable(messages: &[u8]) -> Result<PathBuf> {
    let messages = messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let mut paths = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    paths.next_back().context("cargo did not say where it put the program")
}
