//! The Lambda function `game-start`, `POST /api/v1/game/start/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::start::ROUTE)
}
