//! The Lambda function `job-purge-sessions`: runs `purge-sessions` at `45 3 * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::purge_sessions::JOB)
}
