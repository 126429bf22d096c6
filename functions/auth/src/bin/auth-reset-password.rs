//! The Lambda function `auth-reset-password`, `POST /api/v1/auth/reset-password`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::reset_password::ROUTE)
}
