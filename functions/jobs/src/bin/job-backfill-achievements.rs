//! The Lambda function `job-backfill-achievements`: runs `backfill-achievements` at `20 3 * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::backfill_achievements::JOB)
}
