//! The Lambda function `job-purge-oauth-flows`: runs `purge-oauth-flows` at `20 * * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::purge_oauth_flows::JOB)
}
