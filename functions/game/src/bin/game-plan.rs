//! The Lambda function `game-plan`, `PUT /api/v1/game/plan/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::plan::ROUTE)
}
