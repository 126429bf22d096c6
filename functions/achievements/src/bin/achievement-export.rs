//! The Lambda function `achievement-export`, `GET /api/v1/achievements/{character_id}/export`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&achievements::export::ROUTE)
}
