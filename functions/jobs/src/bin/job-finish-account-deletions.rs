//! The Lambda function `job-finish-account-deletions`: runs `finish-account-deletions` at `*/10 * * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::finish_account_deletions::JOB)
}
