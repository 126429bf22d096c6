//! The Lambda function `game-state`, `GET /api/v1/game/state/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::state::ROUTE)
}
