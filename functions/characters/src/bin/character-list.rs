//! The Lambda function `character-list`, `GET /api/v1/characters`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&characters::list::ROUTE)
}
