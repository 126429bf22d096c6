//! The Lambda function `game-events`, `GET /api/v1/game/events/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::events::ROUTE)
}
