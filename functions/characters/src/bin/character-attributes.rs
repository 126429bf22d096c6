//! The Lambda function `character-attributes`, `GET /api/v1/characters/{character_id}/attributes`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&characters::attributes::ROUTE)
}
