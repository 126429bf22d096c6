//! The Lambda function `save-get`, `GET /api/v1/saves/{character_id}/{save_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&saves::get::ROUTE)
}
