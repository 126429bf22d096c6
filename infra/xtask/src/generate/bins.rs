//! One binary per route that runs on Lambda: a line of Rust, and a `[[bin]]` in its crate's manifest.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::routes::{self, Route};
use super::tree::Tree;
use super::{read, region};

/// The region of a manifest that holds its `[[bin]]`s.
const REGION: &str = "bins";

pub(super) fn plan(checkout: &Path, routes: &[Route], tree: &mut Tree) -> Result<()> {
    let domains = routes::by_domain(routes);
    for (domain, routes) in &domains {
        let routes: Vec<_> = routes.iter().copied().filter(|route| route.is_on_lambda()).collect();
        let path = format!("functions/{domain}/Cargo.toml");
        let manifest = manifest(&read(checkout, &path)?, &routes).context(path.clone())?;
        tree.file(path, manifest);
        for route in routes {
            tree.file(format!("functions/{domain}/src/bin/{}.rs", route.id), bin(route));
        }
    }
    // A crate whose last route is gone is in no table any more; it must not keep its binaries either.
    for crate_folder in fs::read_dir(checkout.join("functions"))? {
        let name = crate_folder?.file_name().into_string().unwrap_or_default();
        let path = format!("functions/{name}/Cargo.toml");
        if !domains.iter().any(|(domain, _)| *domain == name) && region::is_in(&read(checkout, &path)?, REGION) {
            tree.file(path.clone(), manifest(&read(checkout, &path)?, &[]).context(path)?);
        }
        tree.own(format!("functions/{name}/src/bin"), "rs");
    }
    Ok(())
}

/// The function's program. It is not async and calls nothing generic: that would be compiled anew for every route.
fn bin(route: &Route) -> String {
    format!(
        "//! The Lambda function `{}`, `{}`. Written by `cargo xtask gen`. Do not edit.\n\n\
         fn main() -> std::process::ExitCode {{\n    platform::lambda(&{}::ROUTE)\n}}\n",
        route.id,
        route.key(),
        route.module(),
    )
}

/// The crate's manifest with a `[[bin]]` for each route. They have no tests and no documentation of their own, and are
/// found by being listed, so that a forgotten file is never built.
fn manifest(text: &str, routes: &[&Route]) -> Result<String> {
    ensure!(text.contains("\nautobins = false\n"), "[package] must say `autobins = false`");
    let bins: Vec<_> =
        routes.iter().map(|route| format!("[[bin]]\nname = \"{}\"\ntest = false\ndoc = false\n", route.id)).collect();
    let with_region = if region::is_in(text, REGION) {
        text.to_owned()
    } else {
        format!("{text}\n# generated:begin {REGION} (`cargo xtask gen`)\n# generated:end {REGION}\n")
    };
    region::replace(&with_region, REGION, &bins.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::route;
    use super::*;

    #[test]
    fn a_binary_is_one_line() {
        let bin = bin(&route("character-get", "characters", "GET /characters/{character_id}"));
        assert_eq!(
            bin,
            "//! The Lambda function `character-get`, `GET /characters/{character_id}`. Written by `cargo xtask gen`. \
             Do not edit.\n\nfn main() -> std::process::ExitCode {\n    platform::lambda(&characters::get::ROUTE)\n}\n"
        );
    }

    #[test]
    fn a_manifest_lists_its_binaries_and_keeps_the_rest() {
        let package = "[package]\nname = \"game\"\nautobins = false\n";
        let (start, decide) = (route("game-start", "game", "POST /s"), route("game-decide", "game", "POST /d"));
        let one = manifest(package, &[&start]).unwrap();
        assert_eq!(
            one,
            "[package]\nname = \"game\"\nautobins = false\n\n# generated:begin bins (`cargo xtask gen`)\n\
             [[bin]]\nname = \"game-start\"\ntest = false\ndoc = false\n# generated:end bins\n"
        );
        let two = manifest(&one, &[&start, &decide]).unwrap();
        assert_eq!(two.matches("[[bin]]").count(), 2);
        assert_eq!(manifest(&two, &[&start]).unwrap(), one);
        assert!(manifest("[package]\nname = \"game\"\n", &[]).is_err());
    }
}
