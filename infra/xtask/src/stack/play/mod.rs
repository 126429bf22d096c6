//! `cargo xtask play`: a whole life in the terminal, lived over HTTP like any client would.

mod labels;
mod person;
mod story;
mod wrap;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use testkit::player::{Chooser, Life, Player, SeededChooser, Spec};
use testkit::services::Services;

use self::person::Person;
use self::story::Story;
use super::interrupt::Interrupt;
use super::local::{Claim, Options, Running, Voice};

/// Whose life to live, and how.
#[derive(clap::Args, Clone)]
pub(crate) struct PlayArgs {
    /// Let the choices be made by a policy instead of asking.
    #[arg(long)]
    auto: bool,
    /// Country of birth, as ISO 3166 says it.
    #[arg(long, default_value = "CN")]
    country: String,
    /// Year of birth, 1800 to 2050.
    #[arg(long, default_value_t = 1990)]
    year: i32,
    /// The character's name.
    #[arg(long)]
    name: Option<String>,
    /// The language to be told in.
    #[arg(long, value_enum, default_value_t = Language::Chinese)]
    lang: Language,
    /// A server that runs already; else the one of `cargo xtask up`, else one of its own.
    #[arg(long)]
    url: Option<String>,
}

/// The languages of the game.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// 简体中文
    #[value(name = "zh-CN", alias = "zh")]
    Chinese,
    /// English
    #[value(name = "en")]
    English,
}

impl Language {
    /// As `Accept-Language` says it.
    fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

/// Lives a life on a server that runs already, or on one that runs for as long as the life does.
pub(crate) fn play(args: &PlayArgs) -> Result<()> {
    super::block_on(async {
        let interrupt = Interrupt::listen()?;
        if let Some(url) = args.url.clone().or_else(running) {
            return live(args, &url, &interrupt).await;
        }
        let claim = Claim::take()?;
        let outcome = on_its_own(args, &claim, &interrupt).await;
        let released = claim.release().await;
        outcome.and(released)
    })
}

/// Where the stack of this checkout answers, if it runs.
fn running() -> Option<String> {
    let running = Running::find(&Services::of_this_checkout().ok()?)?;
    (running.supervisor.is_alive() && running.gateway.is_alive()).then_some(running.url)
}

async fn on_its_own(args: &PlayArgs, claim: &Claim, interrupt: &Interrupt) -> Result<()> {
    let options = Options { release: false, log_to_terminal: false, voice: Voice::Quiet };
    let mut gateway = claim.start(&options, interrupt).await?;
    let url = gateway.url();
    let outcome = tokio::select! {
        outcome = live(args, &url, interrupt) => outcome,
        why = gateway.ended() => Err(why),
    };
    gateway.stop(interrupt).await?;
    outcome
}

/// In a task of its own: it may wait for the keyboard, and an interrupt must not wait for that.
async fn live(args: &PlayArgs, url: &str, interrupt: &Interrupt) -> Result<()> {
    let life = tokio::spawn(live_to_the_end(args.clone(), url.to_owned()));
    tokio::select! {
        outcome = life => outcome?,
        () = interrupt.requested() => bail!("interrupted"),
    }
}

async fn live_to_the_end(args: PlayArgs, url: String) -> Result<()> {
    let name = args.name.clone().unwrap_or_else(|| match args.lang {
        Language::Chinese => "林安".to_owned(),
        Language::English => "Ann Lin".to_owned(),
    });
    let player = Player::register_speaking(&url, args.lang.tag())
        .await
        .with_context(|| format!("no player could be registered at {url}"))?;
    let spec = Spec::new(name, args.country.to_uppercase(), args.year);
    let mut life = Life::begin(&player, &spec).await?;
    let mut story = Story::begin(args.lang, &life);
    let mut chooser: Box<dyn Chooser> = if args.auto {
        let seed = seed_of(&life.character.character_id);
        story.policy(seed);
        Box::new(SeededChooser::new(seed))
    } else {
        Box::new(Person::new(args.lang))
    };
    while let Some(step) = life.step(&mut *chooser).await? {
        story.tell(&step, args.auto);
    }
    story.epitaph(&life);
    Ok(())
}

/// A seed of its own for every life: the random end of its id.
fn seed_of(character_id: &str) -> u64 {
    let hex: String = character_id.chars().filter(char::is_ascii_hexdigit).collect();
    hex.get(hex.len().saturating_sub(12)..).and_then(|end| u64::from_str_radix(end, 16).ok()).unwrap_or_default()
}
