//! The Lambda function `system-health`, `GET /health`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&system::health::ROUTE)
}
