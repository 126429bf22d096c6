//! The Lambda function `job-purge-characters`: runs `purge-characters` at `25 3 * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::purge_characters::JOB)
}
