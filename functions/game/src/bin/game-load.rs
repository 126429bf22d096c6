//! The Lambda function `game-load`, `POST /api/v1/game/load/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::load::ROUTE)
}
