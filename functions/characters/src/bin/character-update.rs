//! The Lambda function `character-update`, `PUT /api/v1/characters/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&characters::update::ROUTE)
}
