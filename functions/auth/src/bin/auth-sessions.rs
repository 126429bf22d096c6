//! The Lambda function `auth-sessions`, `GET /api/v1/auth/sessions`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::sessions::ROUTE)
}
