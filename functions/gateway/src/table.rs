//! The tables for those who are not Rust: routes, jobs and settings as JSON for the generators, and the OpenAPI document.

use platform::{
    config::{VARIABLES, Variable},
    http::docs,
    jobs::{JOBS, Job, Start},
    route::{Auth, Cache, Exposure, Rate, Route, SessionAccess, Shells},
};
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::DOMAINS;

/// One JSON object a route, in the table's order.
pub fn rows() -> Vec<Value> {
    DOMAINS.iter().flat_map(|domain| domain.routes.iter().map(|route| row(domain.name, route))).collect()
}

/// One JSON object a job, in the table's order.
pub fn jobs() -> Vec<Value> {
    let row = |job: &Job| {
        json!({
            "id": job.id,
            "summary": job.summary,
            "schedule": job.schedule(),
            "queue": match job.start { Start::Queue { name, .. } => Some(name), Start::Clock { .. } => None },
            "tries": match job.start { Start::Queue { tries, .. } => Some(tries), Start::Clock { .. } => None },
            "needs": job.needs,
            "fills": job.fills,
            "secrets": job.secrets.iter().map(|secret| secret.as_str()).collect::<Vec<_>>(),
            "stores": job.stores,
            "timeout_s": job.timeout.as_secs(),
            "after_migration": job.after_migration,
        })
    };
    JOBS.iter().map(row).collect()
}

/// One JSON object an environment variable, in the table's order. `default` is null where it must be set.
pub fn variables() -> Vec<Value> {
    let row = |variable: &Variable| {
        json!({
            "name": variable.name,
            "default": variable.default,
            "meaning": variable.meaning,
        })
    };
    VARIABLES.iter().map(row).collect()
}

/// The OpenAPI document of all routes.
pub fn openapi() -> OpenApi {
    docs::document(DOMAINS.iter().map(|domain| (domain.name, domain.routes)))
}

fn row(domain: &str, route: &Route) -> Value {
    json!({
        "id": route.id,
        "method": route.method.as_str(),
        "path": route.path,
        "domain": domain,
        "auth": match route.auth {
            Auth::Public => "public",
            Auth::Player => "player",
            Auth::Optional => "optional",
        },
        "rate": match route.rate {
            Rate::Auth => "auth",
            Rate::Play => "play",
            Rate::Read => "read",
            Rate::Relive => "relive",
            Rate::Public => "public",
            Rate::Unlimited => "unlimited",
        },
        "idempotent": route.idempotent,
        "secrets": route.secrets.iter().map(|secret| secret.as_str()).collect::<Vec<_>>(),
        "sessions": match (route.sessions, route.auth) {
            (SessionAccess::Default, Auth::Public) => "none",
            (SessionAccess::Default, Auth::Player | Auth::Optional) | (SessionAccess::Get, _) => "get",
            (SessionAccess::List, _) => "list",
            (SessionAccess::Write, _) => "write",
        },
        "cache": match route.cache { Cache::None => "none", Cache::Private => "private", Cache::Public => "public" },
        "memory_mb": route.memory_mb,
        "timeout_s": route.timeout_s,
        "shells": shells(route.shells),
        "exposure": match route.exposure {
            Exposure::Public => "public",
            Exposure::Probe => "probe",
            Exposure::Private => "private",
        },
        "summary": docs::summary(route),
    })
}

fn shells(shells: Shells) -> Vec<&'static str> {
    [("lambda", shells.lambda), ("container", shells.container), ("local", shells.local)]
        .into_iter()
        .filter_map(|(name, present)| present.then_some(name))
        .collect()
}
