//! `cargo xtask load …`: many clients at once, measured from outside.
//!
//! Each verb starts what it needs, ends it again, and prints its figures as `key=value` on its last line. It fails on a
//! single wrong answer, on a ratio that is too low, and when it did less than it should have; never on seconds.

mod logins;
mod players_trace;
mod scrape;
mod seed_wrk;
mod stack;
mod wrk;
mod zipf;

use anyhow::Result;
use testkit::player::{Player, Spec};
use testkit::services::{Profile, Services, checkout_root};
use tokio::task::JoinSet;

use crate::stack::interrupt::Interrupt;

/// How much more often the popular players come; the skew that cache studies use most (YCSB).
const SKEW: f64 = 0.99;
/// Registrations at once while players are made.
const HANDS: usize = 16;

/// Which load.
#[derive(clap::Args)]
pub(crate) struct LoadArgs {
    #[command(subcommand)]
    load: Load,
}

#[derive(clap::Subcommand)]
enum Load {
    /// The seed's wrk line against the list of characters: without caches, with Redis, with all tiers, in one run.
    SeedWrk(seed_wrk::SeedWrkArgs),
    /// Fifty who log in without end, while others read: logins must cost what their hashes cost, and the others little.
    Logins(logins::LoginsArgs),
    /// Players who read and write as people do; more than 95 % of their reads must be answered without SQL.
    PlayersTrace(players_trace::PlayersTraceArgs),
}

pub(crate) fn run(args: &LoadArgs) -> Result<()> {
    crate::stack::block_on(async {
        let interrupt = Interrupt::listen()?;
        // Never a server that the environment names: it is filled with strangers and then thrown away.
        let services = Services::at(checkout_root()?)?;
        let outcome = async {
            match &args.load {
                Load::SeedWrk(args) => seed_wrk::run(*args, &services, &interrupt).await,
                Load::Logins(args) => logins::run(*args, &services, &interrupt).await,
                Load::PlayersTrace(args) => players_trace::run(*args, &services, &interrupt).await,
            }
        };
        let outcome = tokio::select! {
            outcome = outcome => outcome,
            () = interrupt.requested() => Err(anyhow::anyhow!("interrupted")),
        };
        let stopped = tokio::task::spawn_blocking(move || services.stop(Profile::Drill)).await?;
        outcome.and(stopped)
    })
}

/// Registers players who have so many characters each, all with lives begun.
async fn make_players(url: &str, players: usize, characters: usize) -> Result<Vec<(Player, Vec<String>)>> {
    let mut made = Vec::with_capacity(players);
    let mut making = JoinSet::new();
    for _ in 0..players {
        if making.len() >= HANDS
            && let Some(player) = making.join_next().await
        {
            made.push(player??);
        }
        making.spawn(make_player(url.to_owned(), characters));
    }
    while let Some(player) = making.join_next().await {
        made.push(player??);
    }
    Ok(made)
}

async fn make_player(url: String, characters: usize) -> Result<(Player, Vec<String>)> {
    let player = Player::register(&url).await?;
    let mut ids = Vec::with_capacity(characters);
    for _ in 0..characters {
        let character = player.create_character(&Spec::new("林安", "CN", 1962)).await?;
        player.start(&character.character_id, character.version).await?;
        ids.push(character.character_id);
    }
    Ok((player, ids))
}
