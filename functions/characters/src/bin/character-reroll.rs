//! The Lambda function `character-reroll`, `POST /api/v1/characters/{character_id}/reroll`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&characters::reroll::ROUTE)
}
