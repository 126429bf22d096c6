//! The Lambda function `auth-profile-update`, `PUT /api/v1/auth/profile`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::profile_update::ROUTE)
}
