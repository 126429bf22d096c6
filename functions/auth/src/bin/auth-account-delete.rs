//! The Lambda function `auth-account-delete`, `DELETE /api/v1/auth/account`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::account_delete::ROUTE)
}
