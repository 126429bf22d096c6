//! `cargo xtask up`: the whole game on this machine, until Ctrl-C.

use anyhow::Result;

use super::gateway::Gateway;
use super::interrupt::Interrupt;
use super::local::{Claim, Options, Voice};
use super::terminal::{BOLD, DIM, NOTE, say};

/// How to run the stack.
#[derive(clap::Args)]
pub(crate) struct UpArgs {
    /// Build the gateway with optimisations.
    #[arg(long)]
    release: bool,
    /// Show the gateway's JSON log here instead of writing it to .local/gateway.log.
    #[arg(long)]
    logs: bool,
}

/// Starts everything, says how to use it, waits to be stopped, stops everything.
pub(crate) fn up(args: &UpArgs) -> Result<()> {
    super::block_on(async {
        let interrupt = Interrupt::listen()?;
        let claim = Claim::take()?;
        let outcome = run(args, &claim, &interrupt).await;
        let released = claim.release().await;
        outcome.and(released)?;
        say("Everything is stopped.");
        Ok(())
    })
}

async fn run(args: &UpArgs, claim: &Claim, interrupt: &Interrupt) -> Result<()> {
    let options = Options { release: args.release, log_to_terminal: args.logs, voice: Voice::Aloud };
    let mut gateway = claim.start(&options, interrupt).await?;
    greet(&gateway, args, claim);
    tokio::select! {
        why = gateway.ended() => Err(why),
        () = interrupt.requested() => {
            say("\nStopping: requests that have begun are finished first. Ctrl-C again stops at once.");
            gateway.stop(interrupt).await
        }
    }
}

fn greet(gateway: &Gateway, args: &UpArgs, claim: &Claim) {
    let url = gateway.url();
    say(format_args!("\n{BOLD}Restart Life 重启人生{BOLD:#} is running.\n"));
    say(format_args!("  Docs      {NOTE}{url}/docs{NOTE:#}"));
    say(format_args!("  API       {NOTE}{url}/api/v1{NOTE:#}"));
    say(format_args!("  Metrics   {NOTE}{}{NOTE:#}", gateway.metrics_url()));
    if !args.logs {
        say(format_args!("  Log       {}", claim.log_file().display()));
    }
    say("\nFirst call, ready to paste: register a player and get a token.\n");
    say(first_call(&url));
    say("\nOr live a whole life in another terminal:  cargo xtask play --auto");
    say(format_args!("{DIM}Ctrl-C here stops everything; from elsewhere: cargo xtask down{DIM:#}"));
}

/// The call that gives a stranger a player. Repeated it opens another session of the same player.
fn first_call(url: &str) -> String {
    format!(
        "curl -sS {url}/api/v1/auth/register -H 'content-type: application/json' \\\n  \
         -d '{{\"username\":\"lin_an\",\"email\":\"lin@example.org\",\"password\":\"a long and quiet river\"}}'"
    )
}
