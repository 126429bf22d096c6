//! The Lambda function `stats-timeline`, `GET /api/v1/stats/{character_id}/timeline`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&stats::timeline::ROUTE)
}
