//! The Lambda function `game-decide`, `POST /api/v1/game/decision/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::decide::ROUTE)
}
