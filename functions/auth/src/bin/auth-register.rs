//! The Lambda function `auth-register`, `POST /api/v1/auth/register`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::register::ROUTE)
}
