//! Written by `cargo xtask gen` from the route table. Do not edit.

mod paths;

pub(crate) use paths::PATHS;

/// The OpenAPI document.
pub(crate) const OPENAPI_JSON: &str = include_str!("openapi.json");
