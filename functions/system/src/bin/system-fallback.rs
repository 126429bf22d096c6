//! The Lambda function `system-fallback`, `$default`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&system::fallback::ROUTE)
}
