//! The Lambda function `auth-session-revoke`, `DELETE /api/v1/auth/sessions/{session_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::session_revoke::ROUTE)
}
