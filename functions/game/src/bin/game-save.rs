//! The Lambda function `game-save`, `POST /api/v1/game/save/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::save::ROUTE)
}
