//! The Lambda function `auth-profile-get`, `GET /api/v1/auth/profile`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::profile_get::ROUTE)
}
