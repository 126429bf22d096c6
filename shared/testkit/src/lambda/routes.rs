//! Which function a request belongs to, as API Gateway decides it.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// One element of `gateway routes`, as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
pub struct Route {
    /// The route's id: the name of its function and of its binary.
    pub id: String,
    /// An HTTP method, or `ANY`.
    pub method: String,
    /// The path with `{parameters}`, or `$default`: everything no other route takes.
    pub path: String,
    /// The crate its binary belongs to.
    pub domain: String,
    /// What Lambda allots to it, in MiB.
    pub memory_mb: u32,
    /// After how many seconds Lambda ends an invocation.
    pub timeout_s: u32,
    /// Where it runs: `lambda`, `container`, `local`.
    pub shells: Vec<String>,
}

impl Route {
    /// A function that no request leads to: only [`LambdaApi::invoke`](super::LambdaApi::invoke) reaches it.
    pub fn unrouted(id: &str, timeout_s: u32) -> Self {
        let nothing = String::new;
        Self {
            id: id.to_owned(),
            method: nothing(),
            path: nothing(),
            domain: nothing(),
            memory_mb: 256,
            timeout_s,
            shells: vec!["lambda".to_owned()],
        }
    }

    /// Whether it is deployed as a function at all.
    pub(super) fn is_on_lambda(&self) -> bool {
        self.shells.iter().any(|shell| shell == "lambda")
    }

    /// API Gateway's name for it.
    pub(super) fn key(&self) -> String {
        if self.path == DEFAULT { DEFAULT.to_owned() } else { format!("{} {}", self.method, self.path) }
    }

    /// The path's parameters, decoded, if the path is this route's.
    fn parameters(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut actual = path.split('/');
        for wanted in self.path.split('/') {
            let actual = decode(actual.next()?);
            match wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(_) if actual.is_empty() => return None,
                Some(name) => drop(parameters.insert(name.to_owned(), actual)),
                None if wanted == actual => {}
                None => return None,
            }
        }
        actual.next().is_none().then_some(parameters)
    }
}

/// API Gateway's catch-all route.
const DEFAULT: &str = "$default";

/// A route and the path's parameters.
#[derive(Debug)]
pub(super) struct Match<'a> {
    pub(super) route: &'a Route,
    pub(super) parameters: BTreeMap<String, String>,
}

/// The route a request belongs to: the one with the fewest parameters that fits, else `$default`, else none.
pub(super) fn find<'a>(routes: &'a [Route], method: &str, path: &str) -> Option<Match<'a>> {
    let fitting = routes.iter().filter(|route| route.method == method || route.method == "ANY");
    fitting
        .filter_map(|route| route.parameters(path).map(|parameters| Match { route, parameters }))
        .min_by_key(|found| found.parameters.len())
        .or_else(|| {
            let fallback = routes.iter().find(|route| route.path == DEFAULT)?;
            Some(Match { route: fallback, parameters: BTreeMap::new() })
        })
}

/// A path as API Gateway hands it on: decoded.
pub(super) fn decode(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn route(id: &str, method: &str, path: &str) -> Route {
        Route {
            id: id.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            domain: "game".to_owned(),
            memory_mb: 256,
            timeout_s: 10,
            shells: vec!["lambda".to_owned()],
        }
    }

    #[test]
    fn requests_find_their_functions() {
        let routes = [
            route("list", "GET", "/lives"),
            route("get", "GET", "/lives/{life_id}"),
            route("compare", "GET", "/lives/compare"),
            route("save", "PUT", "/lives/{life_id}/saves/{slot}"),
            route("fallback", "ANY", "$default"),
        ];
        let rows = [
            ("GET", "/lives", "list", json!({})),
            ("GET", "/lives/7", "get", json!({"life_id": "7"})),
            ("GET", "/lives/a%20b", "get", json!({"life_id": "a b"})),
            ("GET", "/lives/compare", "compare", json!({})),
            ("PUT", "/lives/7/saves/2", "save", json!({"life_id": "7", "slot": "2"})),
            ("GET", "/lives/", "fallback", json!({})),
            ("POST", "/lives/7", "fallback", json!({})),
            ("GET", "/lives/7/saves", "fallback", json!({})),
        ];
        for (method, path, id, parameters) in rows {
            let found = find(&routes, method, path).unwrap();
            assert_eq!(found.route.id, id, "{method} {path}");
            assert_eq!(json!(found.parameters), parameters, "{method} {path}");
        }
        assert!(find(&routes[..4], "GET", "/nothing").is_none(), "no $default, no function");
    }
}
