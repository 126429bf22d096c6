//! The Lambda function `job-send-webhook`: runs `send-webhook` for messages of `outbox`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_job(&platform::jobs::send_webhook::JOB)
}
