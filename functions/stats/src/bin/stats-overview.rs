//! The Lambda function `stats-overview`, `GET /api/v1/stats/{character_id}/overview`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&stats::overview::ROUTE)
}
