//! Which requests a domain's service gets: the fewest matches of the Gateway API that tell its routes from the others'.
//!
//! Methods are left to the service, so that it can answer 405. A path with parameters is matched by what stands before
//! the first of them.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::super::routes::Route;

/// A path match of the Gateway API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Match {
    Exact(String),
    Prefix(String),
}

impl Match {
    /// What a route needs.
    fn of(route: &Route) -> Self {
        match route.path.split_once("/{") {
            Some((before, _)) => Self::Prefix(before.to_owned()),
            None if route.is_fallback() => Self::Prefix("/".to_owned()),
            None => Self::Exact(route.path.clone()),
        }
    }

    /// How much it says of this path: of several the highest wins, as the Gateway API prescribes. None if nothing.
    pub(super) fn weight(&self, path: &str) -> Option<(bool, usize)> {
        match self {
            Self::Exact(exact) => (exact == path).then_some((true, exact.len())),
            Self::Prefix(prefix) => {
                let rest = path.strip_prefix(prefix.trim_end_matches('/'))?;
                (rest.is_empty() || rest.starts_with('/')).then_some((false, prefix.len()))
            }
        }
    }

    /// As an item of `matches`.
    fn yaml(&self) -> String {
        let (kind, value) = match self {
            Self::Exact(value) => ("Exact", value),
            Self::Prefix(value) => ("PathPrefix", value),
        };
        format!("        - path: {{type: {kind}, value: {value}}}")
    }
}

/// Each domain with its matches, domains in the table's order.
///
/// # Errors
/// When a path of one domain would reach another.
pub(super) fn by_domain<'a>(domains: &[(&'a str, Vec<&Route>)]) -> Result<Vec<(&'a str, BTreeSet<Match>)>> {
    let matches: Vec<_> = domains
        .iter()
        .map(|(domain, routes)| (*domain, routes.iter().map(|route| Match::of(route)).collect()))
        .collect();
    for (domain, routes) in domains {
        for route in routes {
            let path = example(route);
            let reached = reached(&matches, &path);
            ensure!(reached == [*domain], "{path} of {domain} would reach {}", reached.join(" and "));
        }
    }
    Ok(matches)
}

/// A path that the route answers.
pub(super) fn example(route: &Route) -> String {
    let part = |part: &str| if part.starts_with('{') { "0".to_owned() } else { part.to_owned() };
    if route.is_fallback() {
        return "/no/such/path".to_owned();
    }
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Who has the best match for a path; more than one where the best are equal.
pub(super) fn reached<'a>(matches: &[(&'a str, BTreeSet<Match>)], path: &str) -> Vec<&'a str> {
    let weights =
        matches.iter().filter_map(|(name, set)| Some((set.iter().filter_map(|m| m.weight(path)).max()?, *name)));
    let weights: Vec<_> = weights.collect();
    let best = weights.iter().map(|(weight, _)| *weight).max();
    weights.into_iter().filter(|(weight, _)| Some(*weight) == best).map(|(_, name)| name).collect()
}

/// Matches as items of a rule, indented for it.
pub(super) fn yaml(matches: &BTreeSet<Match>) -> String {
    matches.iter().map(Match::yaml).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::route;
    use super::*;

    #[test]
    fn the_longest_match_gets_the_request_and_the_fallback_the_rest() {
        let routes = [
            route("a-list", "a", "GET /v1/a"),
            route("a-get", "a", "GET /v1/a/{id}"),
            route("b-of-a", "b", "GET /v1/a/best"),
            route("fallback", "system", "$default"),
        ];
        let domains = [("a", vec![&routes[0], &routes[1]]), ("b", vec![&routes[2]]), ("system", vec![&routes[3]])];
        let matches = by_domain(&domains).unwrap();
        for (path, domain) in
            [("/v1/a", "a"), ("/v1/a/7/x", "a"), ("/v1/a/best", "b"), ("/v1/ab", "system"), ("/", "system")]
        {
            assert_eq!(reached(&matches, path), [domain], "{path}");
        }
    }

    #[test]
    fn two_domains_below_one_parameter_are_refused() {
        let (mine, yours) = (route("mine", "a", "GET /v1/a/{id}"), route("yours", "b", "GET /v1/a/{id}/b"));
        let error = by_domain(&[("a", vec![&mine]), ("b", vec![&yours])]).unwrap_err().to_string();
        assert!(error.contains("would reach a and b"), "{error}");
    }
}
