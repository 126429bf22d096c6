//! The Lambda function `stats-relationships`, `GET /api/v1/stats/{character_id}/relationships`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&stats::relationships::ROUTE)
}
