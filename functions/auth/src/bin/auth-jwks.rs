//! The Lambda function `auth-jwks`, `GET /.well-known/jwks.json`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&auth::jwks::ROUTE)
}
