//! Everything that is made from the route table, and only from it. Nobody lists routes by hand.
//!
//! The gateway prints the table; pure functions turn it into texts ([`bins`], [`k8s`], [`openapi`], [`readme`], [`sam`]); a
//! [`Tree`] holds the texts by path, and is either written over the checkout or compared with it.

mod bins;
mod gateway;
pub(crate) mod k8s;
mod openapi;
mod readme;
mod region;
mod routes;
mod sam;
#[cfg(test)]
mod testing;
mod tree;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use self::gateway::Gateway;
use self::tree::{Difference, Tree};

/// `cargo xtask gen`: writes what differs.
#[expect(clippy::print_stdout, reason = "it reports what it wrote")]
pub(crate) fn write(checkout: &Path) -> Result<()> {
    let gateway = Gateway::ask(checkout)?;
    let tree = plan(checkout, &gateway)?;
    let differences = tree.differences(checkout)?;
    for difference in &differences {
        tree.settle(checkout, difference)?;
        println!("{}", difference.path.display());
    }
    println!("routes={} files={} written={}", gateway.routes.len(), tree.len(), differences.len());
    Ok(())
}

/// What `cargo xtask gen` would do, without doing it: nothing, when all is fresh.
pub(crate) fn stale(checkout: &Path) -> Result<Vec<Difference>> {
    plan(checkout, &Gateway::ask(checkout)?)?.differences(checkout)
}

/// The names of the variables that the gateway reads.
pub(crate) fn variables(checkout: &Path) -> Result<BTreeSet<String>> {
    Ok(Gateway::ask(checkout)?.variables.into_iter().map(|variable| variable.name).collect())
}

/// The whole desired state.
fn plan(checkout: &Path, gateway: &Gateway) -> Result<Tree> {
    routes::validate(&gateway.routes)?;
    let mut tree = Tree::default();
    bins::plan(checkout, &gateway.routes, &gateway.jobs, &mut tree)?;
    sam::plan(checkout, &gateway.routes, &gateway.jobs, &mut tree)?;
    k8s::plan(checkout, gateway, &mut tree)?;
    openapi::plan(gateway, &mut tree);
    readme::plan(checkout, &gateway.routes, &mut tree)?;
    Ok(tree)
}

/// A file of the checkout that is only in part generated.
fn read(checkout: &Path, path: &str) -> Result<String> {
    let text = fs::read_to_string(checkout.join(path)).with_context(|| format!("cannot read {path}"))?;
    ensure!(!text.contains('\r'), "{path} has carriage returns");
    Ok(text)
}
