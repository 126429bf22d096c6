//! The Lambda function `achievement-categories`, `GET /api/v1/achievements/categories`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&achievements::categories::ROUTE)
}
