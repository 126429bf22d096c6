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
        let routes = print(checkout, &["routes"])?;
        Ok(Self {
            routes: serde_json::from_str(&routes).context("`gateway routes` printed something unexpected")?,
            openapi_yaml: print(checkout, &["openapi"])?,
            openapi_json: print(checkout, &["openapi", "--json"])?,
        })
    }
}

fn print(checkout: &Path, arguments: &[&str]) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(checkout).args(["run", "--quiet", "--package", "gateway", "--"]).args(arguments);
    let output = command.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    ensure!(output.status.success(), "`gateway {}` failed: {}", arguments.join(" "), output.status);
    String::from_utf8(output.stdout).context("the gateway printed something that is not UTF-8")
}
