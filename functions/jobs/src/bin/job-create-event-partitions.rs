//! The Lambda function `job-create-event-partitions`: runs `create-event-partitions` at `15 2 * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::create_event_partitions::JOB)
}
