//! The Lambda function `job-purge-idempotency-keys`: runs `purge-idempotency-keys` at `30 3 * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::purge_idempotency_keys::JOB)
}
