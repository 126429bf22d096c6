//! The Lambda function `game-restart`, `POST /api/v1/game/restart/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::restart::ROUTE)
}
