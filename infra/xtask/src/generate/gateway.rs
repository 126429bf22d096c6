//! Asking the `gateway` binary for its tables (routes, jobs, settings) and for what only Rust types know: the OpenAPI document.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::routes::{Route, Secret};

/// A row of the job table.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) summary: String,
    /// Five fields of cron, UTC; none where a queue starts it.
    #[serde(default)]
    pub(super) schedule: Option<String>,
    /// The queue whose messages start it.
    #[serde(default)]
    pub(super) queue: Option<String>,
    /// How often a message is tried before it is put aside.
    #[serde(default)]
    pub(super) tries: Option<u16>,
    /// The setting without which it has nothing to do.
    #[serde(default)]
    pub(super) needs: Option<String>,
    /// The queue that it fills, where there are queues.
    #[serde(default)]
    pub(super) fills: Option<String>,
    /// What it is given that others are not.
    #[serde(default)]
    pub(super) secrets: Vec<Secret>,
    /// Whether it has any business with PostgreSQL, Redis and sessions.
    #[serde(default = "yes")]
    pub(super) stores: bool,
    pub(super) timeout_s: u32,
}

fn yes() -> bool {
    true
}

/// A setting.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Variable {
    pub(super) name: String,
    /// None where it must be set.
    pub(super) default: Option<String>,
    /// One sentence with unit and range.
    pub(super) meaning: String,
}

/// What the gateway says of itself.
pub(super) struct Gateway {
    /// Its route table, in the table's order.
    pub(super) routes: Vec<Route>,
    /// Its job table, in the table's order.
    pub(super) jobs: Vec<Job>,
    /// The environment variables it reads.
    pub(super) variables: Vec<Variable>,
    /// Its OpenAPI document, for people.
    pub(super) openapi_yaml: String,
    /// The same for programs.
    pub(super) openapi_json: String,
}

impl Gateway {
    /// Builds the gateway if it is not fresh, and asks.
    pub(super) fn ask(checkout: &Path) -> Result<Self> {
        let program = crate::cargo::build(checkout, "gateway", &[])?;
        Ok(Self {
            routes: rows(&program, "routes")?,
            jobs: rows(&program, "jobs")?,
            variables: rows(&program, "variables")?,
            openapi_yaml: print(&program, &["openapi"])?,
            openapi_json: print(&program, &["openapi", "--json"])?,
        })
    }
}

fn rows<T: DeserializeOwned>(program: &Path, table: &str) -> Result<Vec<T>> {
    let text = print(program, &[table])?;
    serde_json::from_str(&text).with_context(|| format!("`gateway {table}` printed something unexpected"))
}

fn print(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "`gateway {}` failed: {}", arguments.join(" "), output.status);
    String::from_utf8(output.stdout).context("the gateway printed something that is not UTF-8")
}
