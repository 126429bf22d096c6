//! The Lambda function `auth-verify-code`, `POST /api/v1/auth/verify-code`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::verify_code::ROUTE)
}
