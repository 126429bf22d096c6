//! The route table as the gateway prints it, and the names that follow from a route's id.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde::Deserialize;

/// A row of the route table.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Route {
    pub(super) id: String,
    /// An HTTP method, or `ANY`.
    pub(super) method: String,
    /// The path with `{parameters}`, or `$default`.
    pub(super) path: String,
    pub(super) domain: String,
    pub(super) auth: Auth,
    pub(super) secrets: Vec<Secret>,
    pub(super) sessions: SessionAccess,
    pub(super) memory_mb: u32,
    pub(super) timeout_s: u32,
    shells: Vec<Shell>,
    exposure: Exposure,
    pub(super) summary: String,
}

/// Who may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Auth {
    Public,
    Player,
    Optional,
}

/// What only some functions are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Secret {
    SigningKey,
    Mail,
    OauthProviders,
    WebhookKey,
}

/// What it does in the store of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SessionAccess {
    None,
    Get,
    List,
    Write,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shell {
    Lambda,
    Container,
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Exposure {
    Public,
    Probe,
    Private,
}

impl Route {
    /// Whether it is a Lambda function of its own, reached through the API.
    pub(super) fn is_on_lambda(&self) -> bool {
        self.shells.contains(&Shell::Lambda) && self.is_reachable()
    }

    /// Whether a client can reach it from outside at all.
    pub(super) fn is_reachable(&self) -> bool {
        self.exposure != Exposure::Private
    }

    /// Whether it answers what no other route does; it has no path of its own.
    pub(super) fn is_fallback(&self) -> bool {
        self.path == "$default"
    }

    /// What API Gateway calls the route.
    pub(super) fn key(&self) -> String {
        if self.is_fallback() { self.path.clone() } else { format!("{} {}", self.method, self.path) }
    }

    /// What CloudFormation calls its function: `GameAdvance`.
    pub(super) fn logical_id(&self) -> String {
        pascal_case(&self.id)
    }

    /// Where its `ROUTE` is: `game::advance` for `game-advance`, `characters::create` for `character-create`.
    pub(super) fn module(&self) -> String {
        let singular = self.domain.strip_suffix('s').unwrap_or(&self.domain);
        let name = [self.domain.as_str(), singular]
            .iter()
            .find_map(|prefix| self.id.strip_prefix(prefix)?.strip_prefix('-'))
            .unwrap_or(&self.id);
        format!("{}::{}", self.domain, name.replace('-', "_"))
    }
}

/// `game-advance` as `GameAdvance`.
pub(super) fn pascal_case(id: &str) -> String {
    let words = id.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// The routes of each domain, domains in the table's order.
pub(super) fn by_domain(routes: &[Route]) -> Vec<(&str, Vec<&Route>)> {
    let mut domains: Vec<(&str, Vec<&Route>)> = Vec::new();
    for route in routes {
        match domains.iter_mut().find(|(domain, _)| *domain == route.domain) {
            Some((_, routes)) => routes.push(route),
            None => domains.push((&route.domain, vec![route])),
        }
    }
    domains
}

/// What every generator relies on.
pub(super) fn validate(routes: &[Route]) -> Result<()> {
    ensure!(!routes.is_empty(), "the route table is empty");
    let (mut ids, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for route in routes {
        ensure!(ids.insert(&route.id), "two routes are called {}", route.id);
        ensure!(keys.insert(route.key()), "two routes take {}", route.key());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::route;
    use super::*;

    #[test]
    fn names_follow_from_the_id() {
        let rows = [
            ("game-advance", "game", "GameAdvance", "game::advance"),
            ("character-create", "characters", "CharacterCreate", "characters::create"),
            ("auth-profile-get", "auth", "AuthProfileGet", "auth::profile_get"),
            ("catalog-countries", "catalog", "CatalogCountries", "catalog::countries"),
            ("stats-overview", "stats", "StatsOverview", "stats::overview"),
            ("job-get", "transfer", "JobGet", "transfer::job_get"),
        ];
        for (id, domain, logical_id, module) in rows {
            let route = route(id, domain, "GET /x");
            assert_eq!((route.logical_id(), route.module()), (logical_id.to_owned(), module.to_owned()));
        }
    }

    #[test]
    fn a_table_that_contradicts_itself_is_refused() {
        let rows = [
            (vec![], "empty"),
            (vec![route("a", "game", "GET /a"), route("a", "game", "GET /b")], "called a"),
            (vec![route("a", "game", "GET /a"), route("b", "game", "GET /a")], "take GET /a"),
        ];
        for (routes, complaint) in rows {
            let error = validate(&routes).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
