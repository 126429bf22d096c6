//! The Lambda function `system-openapi`, `GET /api/v1/openapi.json`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&system::openapi::ROUTE)
}
