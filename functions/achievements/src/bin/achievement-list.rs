//! The Lambda function `achievement-list`, `GET /api/v1/achievements/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&achievements::list::ROUTE)
}
