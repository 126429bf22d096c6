//! The Lambda function `auth-oauth-start`, `GET /api/v1/auth/oauth/{provider}/start`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::oauth_start::ROUTE)
}
