//! `life preview`: an event's words side by side, placeholders left as they are.

use std::process::ExitCode;

use anyhow::Context;
use engine::{Content, Locale};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event's id.
    event: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let content = Content::builtin();
    let event = content.event_def(&args.event).with_context(|| format!("there is no event {}", args.event))?;
    let place = content.rules().events.iter().position(|other| other.id == event.id).unwrap_or_default();
    for locale in Locale::ALL {
        let Some(words) = content.texts(*locale).events.get(place) else { continue };
        println!("── {locale} ── {}", words.title);
        for text in &words.variants {
            println!("{text}\n");
        }
        let choices = event.decision.iter().flat_map(|decision| &decision.choices);
        for (choice, told) in choices.zip(&words.choices) {
            println!("  [{}] {} — {}", choice.id, told.label, told.hint);
            if let Some(done) = &told.done {
                println!("      {done}");
            }
        }
        for (key, text) in &words.outcomes {
            println!("  ({key}) {text}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
