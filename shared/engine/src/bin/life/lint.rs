//! `life lint`: reads the content as it lies on disk, without rebuilding anything.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use content::compile::{Source, compile};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The content's folder, with `rules` and `text` in it.
    #[arg(default_value = "shared/engine/content")]
    folder: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let sources = Source::read_all(&args.folder).with_context(|| format!("reading {}", args.folder.display()))?;
    match compile(&sources) {
        Ok(compiled) => {
            let blobs = compiled.encode()?;
            let texts: usize = blobs.texts.iter().map(Vec::len).sum();
            let (events, files, rules) = (compiled.rules.events.len(), sources.len(), blobs.rules.len());
            let hash = blobs.blobs().hash();
            println!("findings=0 files={files} events={events} rules_bytes={rules} text_bytes={texts} hash={hash}");
            Ok(ExitCode::SUCCESS)
        }
        Err(findings) => {
            findings.iter().for_each(|finding| println!("{finding}"));
            println!("findings={} files={}", findings.len(), sources.len());
            Ok(ExitCode::FAILURE)
        }
    }
}
