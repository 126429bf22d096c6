//! The Lambda function `achievement-progress`, `GET /api/v1/achievements/{character_id}/progress`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&achievements::progress::ROUTE)
}
