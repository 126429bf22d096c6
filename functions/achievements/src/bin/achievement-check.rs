//! The Lambda function `achievement-check`, `POST /api/v1/achievements/check/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&achievements::check::ROUTE)
}
