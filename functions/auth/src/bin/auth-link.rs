//! The Lambda function `auth-link`, `POST /api/v1/auth/link`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::link::ROUTE)
}
