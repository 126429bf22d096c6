//! Compiles the authors' TOML into the blobs this crate embeds. A mistake in the content fails the build and
//! names every file and line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use content::Locale;
use content::compile::{Source, compile};

fn main() -> ExitCode {
    match write_blobs() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            print_lines("error", &message);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "OUT_DIR is how cargo tells a build script where to write")]
fn write_blobs() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("content");
    for folder in ["rules", "text"] {
        print_lines("rerun-if-changed", &root.join(folder).display().to_string());
    }
    let sources = Source::read_all(&root).map_err(|error| format!("reading the content: {error}"))?;
    let compiled = compile(&sources).map_err(|findings| {
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    let encoded = compiled.encode().map_err(|error| error.to_string())?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let write = |name: &str, bytes: &[u8]| fs::write(out.join(name), bytes).map_err(|error| format!("{name}: {error}"));
    write("rules.blob", &encoded.rules)?;
    Locale::ALL.iter().zip(&encoded.texts).try_for_each(|(locale, bytes)| write(&format!("{locale}.blob"), bytes))
}

/// Speaks cargo's build script protocol: one instruction a line.
fn print_lines(instruction: &str, text: &str) {
    text.lines().for_each(|line| println!("cargo::{instruction}={line}"));
}
