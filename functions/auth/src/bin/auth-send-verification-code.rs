//! The Lambda function `auth-send-verification-code`, `POST /api/v1/auth/send-verification-code`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::send_verification_code::ROUTE)
}
