//! The Lambda function `system-ready`, `GET /ready`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&system::ready::ROUTE)
}
