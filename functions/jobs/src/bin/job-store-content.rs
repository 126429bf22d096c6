//! The Lambda function `job-store-content`: runs `store-content` at `45 2 * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::store_content::JOB)
}
