//! The Lambda function `auth-logout`, `POST /api/v1/auth/logout`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::logout::ROUTE)
}
