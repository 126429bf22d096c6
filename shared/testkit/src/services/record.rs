//! State files: what is running, as the next process needs to know it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a state file. Missing, cut off or from another version of this program: nothing is known.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Writes a state file, whole or not at all, readable by its owner only.
pub(super) fn write<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let draft = path.with_extension("new");
    let mut file = private_file(&draft)?;
    file.write_all(&serde_json::to_vec_pretty(value)?)?;
    fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// A new empty file that only its owner can read.
pub(super) fn private_file(path: &Path) -> Result<File> {
    let file = File::options().create(true).write(true).truncate(true).mode(0o600).open(path);
    file.with_context(|| format!("cannot create {}", path.display()))
}

/// A port of 127.0.0.1 that was free a moment ago. Who starts a server on it must be ready to try another.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A password that nobody guesses: 128 bits of the system's randomness.
pub(super) fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    io::Read::read_exact(&mut File::open("/dev/urandom")?, &mut bytes)?;
    Ok(hex::encode(bytes))
}

/// The last lines of a log, for an error message.
pub(super) fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
