//! The Lambda function `system-docs`, `GET /docs`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&system::docs::ROUTE)
}
