//! The Lambda function `stats-attributes`, `GET /api/v1/stats/{character_id}/attributes`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&stats::attributes::ROUTE)
}
