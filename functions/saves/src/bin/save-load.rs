//! The Lambda function `save-load`, `POST /api/v1/saves/{character_id}/{save_id}/load`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&saves::load::ROUTE)
}
