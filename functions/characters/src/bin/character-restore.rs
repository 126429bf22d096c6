//! The Lambda function `character-restore`, `POST /api/v1/characters/{character_id}/restore`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&characters::restore::ROUTE)
}
