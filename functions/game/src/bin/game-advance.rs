//! The Lambda function `game-advance`, `POST /api/v1/game/advance/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&game::advance::ROUTE)
}
