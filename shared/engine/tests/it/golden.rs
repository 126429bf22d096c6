//! Lives pinned for ever, under a small world that is frozen in `tests/golden`: the real content may grow, but
//! if one of these lives changes, then the rules have, and lives already logged no longer recompute. Raise
//! `RULES_VERSION` with such a change.

use std::path::Path;

use content::compile::{Source, compile};
use engine::{Content, LogEntry, RULES_VERSION};
use sha2::{Digest, Sha256};

use crate::play::live_number;

/// The small world, with more files if a test needs them.
pub(crate) fn frozen_world(more: &[(&str, &str)]) -> Content {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut sources = Source::read_all(&folder).unwrap();
    sources.extend(more.iter().map(|(file, text)| Source { file: (*file).to_owned(), text: (*text).to_owned() }));
    Content::from_blobs(compile(&sources).unwrap().encode().unwrap().blobs()).unwrap()
}

/// A hash of everything that came of a life's inputs; how content is encoded does not matter to it.
fn digest(log: &[LogEntry]) -> String {
    let mut sha = Sha256::new();
    log.iter().for_each(|entry| sha.update(&entry.outcome));
    sha.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_lives() {
    let content = frozen_world(&[]);
    let lives = (0..8).map(|number| {
        let lived = live_number(&content, number);
        let (spec, death) = (&lived.life.spec, lived.life.death.as_ref().unwrap());
        let events = lived.life.next_event_seq - 1;
        format!(
            "{} {} {:?}: {events} events, {} at {}, {}",
            spec.country,
            spec.birth_year,
            spec.mortality,
            death.cause,
            death.age,
            digest(&lived.log)
        )
    });
    let pinned = [format!("rules {RULES_VERSION}")].into_iter().chain(lives).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(pinned);
}
