//! The Lambda function `auth-account-export`, `GET /api/v1/auth/account`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::account_export::ROUTE)
}
