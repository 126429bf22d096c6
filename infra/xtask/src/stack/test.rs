//! `cargo xtask test`: all tests with real PostgreSQL and Redis and a DynamoDB API server, and nothing left running.

use std::process::{ExitStatus, Stdio};

use anyhow::{Result, ensure};
use testkit::cargo;
use testkit::services::{Profile, Services};
use tokio::process::Command;

use super::interrupt::Interrupt;

/// What to pass on.
#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Arguments for the test runner, such as `-p game` or the name of a test.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    runner: Vec<String>,
}

/// Starts the servers, builds, tests, stops the servers; ends with the test runner's exit code.
pub(crate) fn test(args: &TestArgs) -> Result<()> {
    let status = super::block_on(async {
        let interrupt = Interrupt::listen()?;
        let services = Services::of_this_checkout()?;
        let outcome = run(args, &services, &interrupt).await;
        let stopped = tokio::task::spawn_blocking(move || services.stop(Profile::Test)).await?;
        outcome.and_then(|status| stopped.map(|()| status))
    })?;
    if status.success() {
        return Ok(());
    }
    std::process::exit(status.code().unwrap_or(1))
}

async fn run(args: &TestArgs, services: &Services, interrupt: &Interrupt) -> Result<ExitStatus> {
    let servers = services.clone();
    // Started here and not by the first test, so that they are children of the one who stops them.
    tokio::task::spawn_blocking(move || {
        servers.postgres(Profile::Test)?;
        servers.redis(Profile::Test)?;
        servers.dynamodb(Profile::Test)
    })
    .await??;

    // Tests run the gateway and the Lambda functions as programs.
    let mut build = Command::from(cargo::command());
    build.args(["build", "--workspace", "--bins", "--features"]).arg(cargo::TESTED_FEATURES.join(","));
    ensure!(interrupt.run(&mut build).await?.status.success(), "the workspace does not build");

    let mut runner = Command::from(cargo::command());
    if has_nextest().await {
        runner.args(["nextest", "run"]);
    } else {
        runner.args(["test", "--lib", "--bins", "--tests"]);
    }
    if !args.runner.iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package")) {
        runner.arg("--workspace");
    }
    Ok(interrupt.run(runner.args(&args.runner).stdin(Stdio::null())).await?.status)
}

async fn has_nextest() -> bool {
    Command::from(cargo::command())
        .args(["nextest", "--version"])
        .output()
        .await
        .is_ok_and(|output| output.status.success())
}
