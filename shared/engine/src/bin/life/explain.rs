//! `life explain`: the factors behind one event of one life.

use std::process::ExitCode;

use anyhow::Context;
use engine::{Content, Locale, chosen_by_dice, explain};

use crate::play::{Birth, live};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    birth: Birth,
    /// The event's number in the life; without it, the life is listed.
    #[arg(long)]
    event_seq: Option<u32>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let content = Content::builtin();
    let lived = live(content, &args.birth, chosen_by_dice, |_, _| ())?;
    let Some(event_seq) = args.event_seq else {
        for record in &lived.events {
            let told = content.render_event(Locale::En, record);
            println!("{:>4}  age {:>3}  {:<28} {}", record.event_seq, record.age, record.event_id, told.title);
        }
        println!("events={} age={}", lived.events.len(), lived.life.age);
        return Ok(ExitCode::SUCCESS);
    };
    let explanation = explain(|_| Some(content), &lived.log, event_seq)?.context("this life has no such event")?;
    println!("{}", serde_json::to_string_pretty(&explanation)?);
    Ok(ExitCode::SUCCESS)
}
