//! The Lambda function `job-migrate`: migrations, and the jobs that must follow them. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda_migrate()
}
