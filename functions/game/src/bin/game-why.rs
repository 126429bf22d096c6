//! The Lambda function `game-why`, `GET /api/v1/game/why/{character_id}/{event_seq}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::why::ROUTE)
}
