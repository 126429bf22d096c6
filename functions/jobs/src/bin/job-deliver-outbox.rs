//! The Lambda function `job-deliver-outbox`: runs `deliver-outbox` at `* * * * *` UTC. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::deliver_outbox::JOB)
}
