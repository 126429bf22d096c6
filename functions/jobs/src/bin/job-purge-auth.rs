//! The Lambda function `job-purge-auth`: runs `purge-auth` at `50 * * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::purge_auth::JOB)
}
