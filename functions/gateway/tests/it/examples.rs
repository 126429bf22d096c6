//! The scripts of `docs/api/examples`, run as a reader would run them, against a server of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::server::{Server, settings};

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/examples");
    let all = fs::read_dir(folder).expect("the examples").map(|entry| entry.expect("a file").path());
    all.filter(|path| path.extension().is_some_and(|kind| kind == "sh") && !path.ends_with("lib.sh")).collect()
}

fn run(script: &Path, url: &str, path: &str) -> Output {
    let mut bash = Command::new("bash");
    bash.arg(script).env("RESTART_LIFE_URL", url).env("PATH", path).stdin(Stdio::null());
    bash.output().expect("bash")
}

/// Where programs are looked for: jq may be one that was installed for the tests alone.
#[expect(clippy::disallowed_methods, reason = "where programs are is the machine's matter, no setting")]
async fn path() -> String {
    let jq = tokio::task::spawn_blocking(testkit::services::jq).await.expect("no panic").expect("jq");
    let own = jq.parent().expect("a folder").to_string_lossy().into_owned();
    format!("{own}:{}", std::env::var("PATH").unwrap_or_default())
}

#[tokio::test]
async fn every_example_runs_from_its_first_line_to_its_last() {
    let (server, path) = (Server::start(&settings().await), path().await);
    let scripts = scripts();
    assert!(scripts.len() >= 3, "{scripts:?}");
    for script in &scripts {
        let ran = run(script, &server.url, &path);
        let (said, errors) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && errors.is_empty(), "{}: {errors}\n{said}", script.display());
        assert!(said.lines().count() > 5, "{} has nothing to say: {said}", script.display());
    }
    // And where the game is not, they say so.
    let nobody = run(&scripts[0], "http://127.0.0.1:1", &path);
    assert!(!nobody.status.success() && !nobody.stderr.is_empty());
}
