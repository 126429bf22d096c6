//! The Lambda function `game-branch`, `POST /api/v1/game/branch/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::branch::ROUTE)
}
