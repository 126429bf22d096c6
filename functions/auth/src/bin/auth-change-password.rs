//! The Lambda function `auth-change-password`, `POST /api/v1/auth/change-password`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::change_password::ROUTE)
}
