//! One binary per route that runs on Lambda, and per job: a line of Rust, and a `[[bin]]` in its crate's manifest.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::gateway::Job;
use super::routes::{self, Route};
use super::tree::Tree;
use super::{read, region};

/// The region of a manifest that holds its `[[bin]]`s.
const REGION: &str = "bins";

/// The crate of the jobs' functions.
const JOBS: &str = "jobs";

pub(super) fn plan(checkout: &Path, routes: &[Route], jobs: &[Job], tree: &mut Tree) -> Result<()> {
    let domains = routes::by_domain(routes);
    for (domain, routes) in &domains {
        let routes: Vec<_> = routes.iter().copied().filter(|route| route.is_on_lambda()).collect();
        let path = format!("functions/{domain}/Cargo.toml");
        let manifest =
            manifest(&read(checkout, &path)?, routes.iter().map(|route| &*route.id)).context(path.clone())?;
        tree.file(path, manifest);
        for route in routes {
            tree.file(format!("functions/{domain}/src/bin/{}.rs", route.id), bin(route));
        }
    }
    let functions = job_functions(jobs);
    let path = format!("functions/{JOBS}/Cargo.toml");
    let manifest_of_jobs = manifest(&read(checkout, &path)?, functions.iter().map(|(name, _)| &**name));
    tree.file(path.clone(), manifest_of_jobs.context(path)?);
    for (name, text) in functions {
        tree.file(format!("functions/{JOBS}/src/bin/{name}.rs"), text);
    }
    // A crate whose last route is gone is in no table any more; it must not keep its binaries either.
    for crate_folder in fs::read_dir(checkout.join("functions"))? {
        let name = crate_folder?.file_name().into_string().unwrap_or_default();
        let path = format!("functions/{name}/Cargo.toml");
        let is_known = name == JOBS || domains.iter().any(|(domain, _)| *domain == name);
        if !is_known && region::is_in(&read(checkout, &path)?, REGION) {
            tree.file(path.clone(), manifest(&read(checkout, &path)?, []).context(path)?);
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

/// The functions of the jobs: name and program of each. The first is no row of the job table: it migrates, and then runs
/// those rows that a new release needs done.
fn job_functions(jobs: &[Job]) -> Vec<(String, String)> {
    let program = |name: &str, what: &str, call: &str| {
        let head = format!("//! The Lambda function `{name}`: {what}. Written by `cargo xtask gen`. Do not edit.");
        (name.to_owned(), format!("{head}\n\nfn main() -> std::process::ExitCode {{\n    platform::{call}\n}}\n"))
    };
    let migrate = program("job-migrate", "migrations, and the jobs that must follow them", "lambda_migrate()");
    let scheduled = jobs.iter().map(|job| {
        let call = format!("lambda_job(&platform::jobs::{}::JOB)", job.id.replace('-', "_"));
        let when = match (&job.schedule, &job.queue) {
            (Some(schedule), _) => format!("at `{schedule}` UTC"),
            (None, queue) => format!("for messages of `{}`", queue.as_deref().unwrap_or_default()),
        };
        program(&format!("job-{}", job.id), &format!("runs `{}` {when}", job.id), &call)
    });
    std::iter::once(migrate).chain(scheduled).collect()
}

/// The crate's manifest with a `[[bin]]` for each name. They have no tests and no documentation of their own, and are
/// found by being listed, so that a forgotten file is never built.
fn manifest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Result<String> {
    ensure!(text.contains("\nautobins = false\n"), "[package] must say `autobins = false`");
    let bin = |name: &str| format!("[[bin]]\nname = \"{name}\"\ntest = false\ndoc = false\n");
    let bins: Vec<_> = names.into_iter().map(bin).collect();
    let with_region = if region::is_in(text, REGION) {
        text.to_owned()
    } else {
        format!("{text}\n# generated:begin {REGION} (`cargo xtask gen`)\n# generated:end {REGION}\n")
    };
    region::replace(&with_region, REGION, &bins.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{job, route};
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
    fn every_job_has_a_function_and_so_has_the_migration() {
        let functions = job_functions(&[job("purge-sessions", Some("45 3 * * *"))]);
        let names: Vec<_> = functions.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["job-migrate", "job-purge-sessions"]);
        assert_eq!(
            functions[1].1,
            "//! The Lambda function `job-purge-sessions`: runs `purge-sessions` at `45 3 * * *` UTC. Written by \
             `cargo xtask gen`. Do not edit.\n\nfn main() -> std::process::ExitCode {\n    \
             platform::lambda_job(&platform::jobs::purge_sessions::JOB)\n}\n"
        );
    }

    #[test]
    fn a_manifest_lists_its_binaries_and_keeps_the_rest() {
        let package = "[package]\nname = \"game\"\nautobins = false\n";
        let (start, decide) = ("game-start", "game-decide");
        let one = manifest(package, [start]).unwrap();
        assert_eq!(
            one,
            "[package]\nname = \"game\"\nautobins = false\n\n# generated:begin bins (`cargo xtask gen`)\n\
             [[bin]]\nname = \"game-start\"\ntest = false\ndoc = false\n# generated:end bins\n"
        );
        let two = manifest(&one, [start, decide]).unwrap();
        assert_eq!(two.matches("[[bin]]").count(), 2);
        assert_eq!(manifest(&two, [start]).unwrap(), one);
        assert!(manifest("[package]\nname = \"game\"\n", []).is_err());
    }
}
