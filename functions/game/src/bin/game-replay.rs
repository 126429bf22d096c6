//! The Lambda function `game-replay`, `GET /api/v1/game/replay/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::replay::ROUTE)
}
