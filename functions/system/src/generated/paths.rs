//! Method and path of every public route. Written by `cargo xtask gen`. Do not edit.

/// Method and path template.
pub(crate) const PATHS: &[(&str, &str)] = &[];
