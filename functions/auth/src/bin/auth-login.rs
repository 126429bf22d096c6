//! The Lambda function `auth-login`, `POST /api/v1/auth/login`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::login::ROUTE)
}
