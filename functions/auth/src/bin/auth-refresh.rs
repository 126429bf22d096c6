//! The Lambda function `auth-refresh`, `POST /api/v1/auth/refresh`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::refresh::ROUTE)
}
