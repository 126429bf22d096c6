//! Tools that come from PyPI: each set pinned in `infra/pytools/<set>.txt`, installed once into `.local/python/`.
//!
//! The folder's name carries a hash of the pins, so a changed pin is a new installation and an old one is never half
//! right. Several test processes may ask at the same moment; a lock lets one install while the others wait.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

/// The virtual environment that holds exactly what `infra/pytools/<set>.txt` pins; installed if it is not there.
/// Its programs are in `bin/`.
///
/// # Errors
/// Without Python 3 (and no way to install it), without the package index, or when a download's hash is not the pinned one.
pub fn environment(checkout: &Path, set: &str) -> Result<PathBuf> {
    let pins = checkout.join("infra/pytools").join(format!("{set}.txt"));
    let text = fs::read(&pins).with_context(|| format!("cannot read {}", pins.display()))?;
    let folder = checkout.join(".local/python");
    fs::create_dir_all(&folder)?;
    let environment = folder.join(format!("{set}-{}", &hex::encode(Sha256::digest(&text))[..12]));
    let complete = environment.join("complete");

    let lock = File::create(folder.join(format!("{set}.lock")))?;
    lock.lock().context("cannot lock the Python tools")?;
    if complete.is_file() {
        return Ok(environment);
    }
    if environment.exists() {
        fs::remove_dir_all(&environment)?;
    }
    create(&environment)?;
    run(Command::new(environment.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"])
        .arg(&pins))?;
    File::create(complete)?;
    Ok(environment)
}

/// Debian splits Python up: the interpreter alone cannot make a virtual environment, so that package is fetched then.
fn create(environment: &Path) -> Result<()> {
    let make = || run(Command::new("python3").args(["-m", "venv"]).arg(environment));
    if make().is_ok() {
        return Ok(());
    }
    run(Command::new("apt-get").args(["install", "--quiet", "--yes", "--no-install-recommends", "python3-venv"]))
        .and_then(|()| make())
        .context("a Python 3 that can make virtual environments is needed; install python3 and python3-venv")
}

/// Runs a command to its end; what it says is shown only if it fails.
fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {shown}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{shown}: {}\n{said}", output.status);
    Ok(())
}
