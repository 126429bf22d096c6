//! Programs that tests and measurements call, found or installed like the servers.

use std::path::PathBuf;

use anyhow::Result;

use super::find::Wanted;

const WRK: Wanted = Wanted {
    name: "wrk",
    programs: &[&["wrk"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin"],
    apt: "wrk",
    brew: "wrk",
    advice: "Install wrk 4 so that it is on PATH.",
};

const AMTOOL: Wanted = Wanted {
    name: "amtool",
    programs: &[&["amtool"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/*/bin"],
    apt: "prometheus-alertmanager",
    brew: "",
    advice: "Install Alertmanager so that amtool is on PATH.",
};

const JQ: Wanted = Wanted {
    name: "jq",
    programs: &[&["jq"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin"],
    apt: "jq",
    brew: "jq",
    advice: "Install jq 1.6 or newer so that it is on PATH.",
};

const AGE: Wanted = Wanted {
    name: "age",
    programs: &[&["age", "age-keygen"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin"],
    apt: "age",
    brew: "age",
    advice: "Install age 1.0 or newer so that age and age-keygen are on PATH.",
};

const HAPROXY: Wanted = Wanted {
    name: "HAProxy",
    programs: &[&["haproxy"]],
    folders: &["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"],
    apt: "haproxy",
    brew: "haproxy",
    advice: "Install HAProxy 2.4 or newer so that haproxy is on PATH.",
};

const NPM: Wanted = Wanted {
    name: "npm",
    programs: &[&["npm", "node"]],
    folders: &["/usr/local/bin", "/opt/homebrew/bin"],
    apt: "npm",
    brew: "node",
    advice: "Install Node.js 18 or newer with npm so that both are on PATH.",
};

/// age, which encrypts backups; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn age() -> Result<PathBuf> {
    AGE.obtain()
}

/// HAProxy, which gateways are replaced behind; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn haproxy() -> Result<PathBuf> {
    HAPROXY.obtain()
}

/// npm, beside the node that it belongs to; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn npm() -> Result<PathBuf> {
    NPM.obtain()
}

/// Alertmanager's own judge of its configuration; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn amtool() -> Result<PathBuf> {
    AMTOOL.obtain()
}

/// jq, which asks our logs; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn jq() -> Result<PathBuf> {
    JQ.obtain()
}

/// The HTTP load generator wrk; installed if it is not there.
///
/// # Errors
/// When it can neither be found nor installed.
pub fn wrk() -> Result<PathBuf> {
    WRK.obtain()
}
