//! The route table against what is built from it, both ways.

use std::collections::BTreeSet;

use gateway::{DOMAINS, table};

#[test]
fn ids_and_paths_are_unique_and_well_formed() {
    let routes: Vec<_> = DOMAINS.iter().flat_map(|domain| domain.routes).collect();
    let ids: BTreeSet<_> = routes.iter().map(|route| route.id).collect();
    let paths: BTreeSet<_> = routes.iter().map(|route| (route.method.as_str(), route.path)).collect();
    assert_eq!((ids.len(), paths.len()), (routes.len(), routes.len()));
    for route in routes {
        assert!(route.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", route.id);
        assert!(
            (1..=27).contains(&route.timeout_s),
            "{}: API Gateway waits 29 s, and the function gets 2 more",
            route.id
        );
    }
}

#[test]
fn every_documented_operation_is_a_route_and_every_route_is_documented() {
    let document = serde_json::to_value(table::openapi()).expect("a document");
    let paths = document["paths"].as_object().expect("paths");
    let documented: BTreeSet<String> = paths
        .values()
        .flat_map(|item| item.as_object().expect("operations").values())
        .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
        .collect();
    let routes: BTreeSet<String> = DOMAINS
        .iter()
        .flat_map(|domain| domain.routes)
        .filter(|route| !route.is_fallback())
        .map(|route| route.id.to_owned())
        .collect();
    assert_eq!(documented, routes);
}

#[test]
fn one_domain_alone_is_served_with_its_probes_and_nothing_else() {
    let ids: BTreeSet<_> = gateway::routes(Some("game")).into_iter().map(|route| route.id).collect();
    let expected = [
        "game-start",
        "game-advance",
        "game-decide",
        "game-plan",
        "game-state",
        "game-events",
        "game-decisions",
        "game-why",
        "game-summary",
        "game-replay",
        "game-branch",
        "game-restart",
        "game-compare",
        "game-save",
        "game-load",
        "system-health",
        "system-ready",
        "system-metrics",
        "system-fallback",
    ];
    assert_eq!(ids, BTreeSet::from(expected));
    assert!(gateway::routes(Some("gambling")).is_empty());
}
