//! The Lambda function `game-compare`, `GET /api/v1/game/compare`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::compare::ROUTE)
}
