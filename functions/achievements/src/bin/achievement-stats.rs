//! The Lambda function `achievement-stats`, `GET /api/v1/achievements/{character_id}/stats`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&achievements::stats::ROUTE)
}
