//! Programs of the Prometheus project: its judge of alert rules, and the place where jobs leave what they counted. Found
//! and installed as the servers are.

use std::path::PathBuf;

use anyhow::Result;

use super::find::Wanted;

const FOLDERS: &[&str] = &["/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/*/bin"];

const PROMTOOL: Wanted = Wanted {
    name: "promtool",
    programs: &[&["promtool"]],
    folders: FOLDERS,
    apt: "prometheus",
    brew: "prometheus",
    advice: "Install Prometheus so that promtool is on PATH.",
};

const PUSHGATEWAY: Wanted = Wanted {
    name: "Pushgateway",
    programs: &[&["prometheus-pushgateway"], &["pushgateway"]],
    folders: FOLDERS,
    apt: "prometheus-pushgateway",
    brew: "",
    advice: "Install Prometheus's Pushgateway so that pushgateway is on PATH.",
};

const PROMETHEUS: Wanted = Wanted {
    name: "Prometheus",
    programs: &[&["prometheus"]],
    folders: FOLDERS,
    apt: "prometheus",
    brew: "prometheus",
    advice: "Install Prometheus so that it is on PATH.",
};

const ALERTMANAGER: Wanted = Wanted {
    name: "Alertmanager",
    programs: &[&["prometheus-alertmanager"], &["alertmanager"]],
    folders: FOLDERS,
    apt: "prometheus-alertmanager",
    brew: "",
    advice: "Install Prometheus's Alertmanager so that alertmanager is on PATH.",
};

/// Prometheus itself.
///
/// # Errors
/// When it is not there and cannot be installed.
pub fn prometheus() -> Result<PathBuf> {
    PROMETHEUS.obtain()
}

/// The Alertmanager.
///
/// # Errors
/// As [`prometheus`].
pub fn alertmanager() -> Result<PathBuf> {
    ALERTMANAGER.obtain()
}

/// `promtool`.
///
/// # Errors
/// When it is not there and cannot be installed.
pub fn promtool() -> Result<PathBuf> {
    PROMTOOL.obtain()
}

/// The Pushgateway.
///
/// # Errors
/// As [`promtool`].
pub fn pushgateway() -> Result<PathBuf> {
    PUSHGATEWAY.obtain()
}
