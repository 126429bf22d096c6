//! Method and path of every public route. Written by `cargo xtask gen`. Do not edit.

/// Method and path template.
pub(crate) const PATHS: &[(&str, &str)] = &[
    ("POST", "/api/v1/auth/register"),
    ("POST", "/api/v1/auth/login"),
    ("GET", "/api/v1/auth/profile"),
    ("POST", "/api/v1/auth/change-password"),
    ("POST", "/api/v1/auth/send-verification-code"),
    ("POST", "/api/v1/auth/verify-code"),
    ("POST", "/api/v1/auth/reset-password"),
    ("POST", "/api/v1/characters"),
    ("GET", "/api/v1/characters"),
    ("GET", "/api/v1/characters/{character_id}"),
    ("POST", "/api/v1/game/start/{character_id}"),
    ("POST", "/api/v1/game/advance/{character_id}"),
    ("POST", "/api/v1/game/decision/{character_id}"),
    ("GET", "/api/v1/game/state/{character_id}"),
    ("GET", "/api/v1/game/events/{character_id}"),
    ("GET", "/api/v1/catalog/countries"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/docs"),
];
