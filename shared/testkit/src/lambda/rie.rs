//! Where the AWS Lambda Runtime Interface Emulator comes from: the wheel of the SAM command line, which carries it.
//!
//! AWS publishes the program itself only as a download from GitHub; the wheel is the same program, signed for by a
//! hash in `infra/pytools/lambda.txt`, from a package index that every Python installation knows.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::python;
use crate::services::checkout_root;

/// The emulator's program, executable, for this machine's processor.
pub(super) fn install() -> Result<PathBuf> {
    let name = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "aws-lambda-rie-x86_64",
        ("linux", "aarch64") => "aws-lambda-rie-arm64",
        (os, arch) => bail!("the Lambda emulator is a Linux program for x86_64 and arm64, this is {os} on {arch}"),
    };
    let environment =
        python::environment(&checkout_root()?, "lambda").context("the Lambda emulator cannot be installed")?;
    let program = site_packages(&environment)?.join("samcli/local/rapid").join(name);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("the wheel holds no {}", program.display()))?;
    Ok(program)
}

/// The folder of an environment's libraries.
fn site_packages(environment: &Path) -> Result<PathBuf> {
    let versions = fs::read_dir(environment.join("lib"))?;
    let mut found = versions.flatten().map(|version| version.path().join("site-packages")).filter(|path| path.is_dir());
    found.next().with_context(|| format!("{} holds no site-packages", environment.display()))
}
