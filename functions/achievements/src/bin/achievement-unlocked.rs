//! The Lambda function `achievement-unlocked`, `GET /api/v1/achievements/{character_id}/unlocked`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&achievements::unlocked::ROUTE)
}
