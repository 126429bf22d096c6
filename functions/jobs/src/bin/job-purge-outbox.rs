//! The Lambda function `job-purge-outbox`: runs `purge-outbox` at `10 4 * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::purge_outbox::JOB)
}
