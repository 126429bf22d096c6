//! The Lambda function `stats-events`, `GET /api/v1/stats/{character_id}/events`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&stats::events::ROUTE)
}
