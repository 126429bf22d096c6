//! Installing a server with the platform's package manager, without letting the platform run it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::find::{Wanted, on_path};

/// A way to get a package onto this machine.
pub(super) struct Manager {
    /// What a person calls it.
    pub(super) name: &'static str,
    run: fn(&Wanted, &OsStr) -> Result<()>,
}

impl Manager {
    /// Installs a server with the manager that a PATH leads to, showing its progress on standard error.
    pub(super) fn install(&self, wanted: &Wanted, path: &OsStr) -> Result<()> {
        (self.run)(wanted, path)
    }
}

/// All ways, in the order they are tried.
pub(super) const MANAGERS: &[Manager] = &[Manager { name: "apt-get", run: apt }, BREW];

/// Homebrew, on macOS and Linux.
pub(super) const BREW: Manager = Manager { name: "brew", run: brew };

/// Debian starts a server when its package is installed, unless `policy-rc.d` forbids it. The script puts its own
/// there for as long as it runs, only where there is none, and takes one away that a killed run of it left behind.
/// One run at a time on a machine: another would take the first one's policy for such a leftover.
const APT: &str = r#"
set -eu
exec 9> /run/lock/restart-life-install
flock 9
policy=/usr/sbin/policy-rc.d
mark='# restart-life: no server starts while its package is being installed'
if grep -qsF "$mark" "$policy"; then rm -f "$policy"; fi
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" > "$policy"
    chmod 755 "$policy"
fi
echo "Installing $1 with apt-get …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || echo 'apt-get update failed; trying with the package lists that are here' >&2
apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$1"
"#;

/// Homebrew starts nothing that it installs, and refuses to run as root by itself.
fn brew(wanted: &Wanted, path: &OsStr) -> Result<()> {
    let program = on_path("brew", path).context("not on this system")?;
    ensure!(!wanted.brew.is_empty(), "it has no formula");
    let mut command = Command::new(program);
    command.args(["install", "--quiet", wanted.brew]).stdin(Stdio::null()).stdout(std::io::stderr());
    let status = command.status().context("cannot run brew")?;
    ensure!(status.success(), "installing {} failed ({status})", wanted.brew);
    Ok(())
}

fn apt(wanted: &Wanted, _: &OsStr) -> Result<()> {
    ensure!(Path::new("/usr/bin/apt-get").exists(), "not on this system");
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("sh")
    } else {
        let allowed = Command::new("sudo").args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !allowed.is_ok_and(|status| status.success()) {
            bail!("needs root, and sudo asks for a password here; run: sudo apt-get install {}", wanted.apt);
        }
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    };
    command.args(["-c", APT, "install", wanted.apt]).stdin(Stdio::null());
    // Standard output belongs to the caller's answer; progress goes where progress goes.
    command.stdout(std::io::stderr());
    let status = command.status().context("cannot run sh")?;
    ensure!(status.success(), "installing {} failed ({status})", wanted.apt);
    Ok(())
}
