//! The contract: as a document for people, as a resource of the function that serves it, and as the list of paths by
//! which the fallback tells a wrong method from a wrong path.

use super::gateway::Gateway;
use super::routes::Route;
use super::tree::Tree;

pub(super) fn plan(gateway: &Gateway, tree: &mut Tree) {
    tree.file("docs/api/openapi.yaml", gateway.openapi_yaml.clone());
    tree.file("functions/system/src/generated/openapi.json", gateway.openapi_json.clone());
    tree.file("functions/system/src/generated/paths.rs", paths(&gateway.routes));
}

fn paths(routes: &[Route]) -> String {
    let rows: String = routes
        .iter()
        .filter(|route| route.is_reachable() && !route.is_fallback())
        .map(|route| format!("    (\"{}\", \"{}\"),\n", route.method, route.path))
        .collect();
    format!(
        "//! Method and path of every public route. Written by `cargo xtask gen`. Do not edit.\n\n\
         /// Method and path template.\npub(crate) const PATHS: &[(&str, &str)] = &[\n{rows}];\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::route;
    use super::*;

    #[test]
    fn paths_are_what_a_client_can_reach() {
        let routes = [
            route("game-state", "game", "GET /state/{id}"),
            route("system-metrics", "system", "GET /metrics"),
            route("system-fallback", "system", "$default"),
        ];
        assert!(paths(&routes).ends_with("= &[\n    (\"GET\", \"/state/{id}\"),\n];\n"), "{}", paths(&routes));
    }
}
