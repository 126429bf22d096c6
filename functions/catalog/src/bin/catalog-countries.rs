//! The Lambda function `catalog-countries`, `GET /api/v1/catalog/countries`. Written by `cargo xtask gen`. Do not edit.

fn main() -> std::process::ExitCode {
    platform::lambda(&catalog::countries::ROUTE)
}
