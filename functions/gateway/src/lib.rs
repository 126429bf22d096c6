//! Every domain's routes in one place: the container, the Knative service and the local server are this, and the
//! generators read the route table from here.

pub mod cloudwatch;
pub mod replay;
pub mod table;

use platform::Route;

/// One functions crate and its routes.
#[derive(Clone, Copy)]
pub struct Domain {
    /// Name of the crate and of the service.
    pub name: &'static str,
    /// Its `ROUTES`.
    pub routes: &'static [Route],
}

/// The route table.
pub const DOMAINS: &[Domain] = &[
    Domain { name: "auth", routes: auth::ROUTES },
    Domain { name: "characters", routes: characters::ROUTES },
    Domain { name: "game", routes: game::ROUTES },
    Domain { name: "saves", routes: saves::ROUTES },
    Domain { name: "stats", routes: stats::ROUTES },
    Domain { name: "achievements", routes: achievements::ROUTES },
    Domain { name: "catalog", routes: catalog::ROUTES },
    Domain { name: "system", routes: system::ROUTES },
];

/// Routes of the domain called `only`, with probes, metrics and the fallback; of all domains when `None`. Nothing when
/// there is no such domain.
pub fn routes(only: Option<&str>) -> Vec<&'static Route> {
    let known = only.is_none_or(|name| DOMAINS.iter().any(|domain| domain.name == name));
    let wanted = |domain: &&Domain, route: &Route| {
        only.is_none_or(|name| {
            name == domain.name || route.is_fallback() || route.exposure != platform::route::Exposure::Public
        })
    };
    DOMAINS
        .iter()
        .filter(|_| known)
        .flat_map(|domain| domain.routes.iter().filter(move |route| wanted(&domain, route)))
        .collect()
}
