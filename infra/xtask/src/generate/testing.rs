//! Routes and jobs for the generators' tests.

use serde_json::json;

use super::gateway::Job;
use super::routes::Route;

/// A route of a domain; `key` is its method and path, or `$default`.
pub(super) fn route(id: &str, domain: &str, key: &str) -> Route {
    let (method, path) = key.split_once(' ').unwrap_or(("ANY", key));
    serde_json::from_value(json!({
        "id": id,
        "method": method,
        "path": path,
        "domain": domain,
        "auth": "player",
        "secrets": match id {
            "auth-login" => json!(["signing_key", "oauth_providers"]),
            "auth-send-verification-code" => json!(["signing_key", "mail"]),
            _ => json!([]),
        },
        "sessions": if id == "auth-login" { "write" } else { "get" },
        "memory_mb": 256,
        "timeout_s": 10,
        "shells": if path == "/metrics" { json!(["container", "local"]) } else { json!(["lambda", "container", "local"]) },
        "exposure": if path == "/metrics" { "private" } else { "public" },
        "summary": "What it does",
    }))
    .unwrap()
}

/// A job; without a schedule it has a queue.
pub(super) fn job(id: &str, schedule: Option<&str>) -> Job {
    let queue = if schedule.is_none() { Some("things") } else { None };
    serde_json::from_value(
        json!({ "id": id, "summary": "Does it", "schedule": schedule, "queue": queue, "timeout_s": 60 }),
    )
    .unwrap()
}
