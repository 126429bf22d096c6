//! The Lambda function `game-summary`, `GET /api/v1/game/summary/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::summary::ROUTE)
}
