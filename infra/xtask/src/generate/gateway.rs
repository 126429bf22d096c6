//! Asking the `gateway` binary for the route table and for what only Rust types know: the OpenAPI document.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::routes::Route;

/// What the gateway says of itself.
pub(super) struct Gateway {
    /// Its route table, in the table's order.
    pub(super) routes: Vec<Route>,
    /// Its OpenAPI document, for people.
    pub(super) openapi_yaml: String,
    /// The same for programs.
    pub(super) openapi_json: String,
}

impl Gateway {
    /// Builds the gateway if it is not fresh, and asks.
    pub(super) fn ask(checkout: &Path) -> Result<Self> {
        let program = crate::cargo::build(checkout, "gateway", &[])?;
        let routes = print(&program, &["routes"])?;
        Ok(Self {
            routes: serde_json::from_str(&routes).context("`gateway routes` printed something unexpected")?,
            openapi_yaml: print(&program, &["openapi"])?,
            openapi_json: print(&program, &["openapi", "--json"])?,
        })
    }
}

fn print(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "`gateway {}` failed: {}", arguments.join(" "), output.status);
    String::from_utf8(output.stdout).context("the gateway printed something that is not UTF-8")
}
