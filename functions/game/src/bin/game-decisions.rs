//! The Lambda function `game-decisions`, `GET /api/v1/game/decisions/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::decisions::ROUTE)
}
