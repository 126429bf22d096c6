//! The Lambda function `save-create`, `POST /api/v1/saves/{character_id}`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&saves::create::ROUTE)
}
