//! `cargo xtask down`: ends whatever of this checkout still runs, also after `kill -9`.

use std::time::Duration;

use anyhow::Result;
use testkit::process::Signal;
use testkit::services::Services;

use super::local::Running;
use super::terminal::say;

/// How long a running `up` may take to stop in good order: its gateway's drain and its servers.
const IN_ORDER: Duration = Duration::from_secs(60);

/// Stops the stack, the servers of every profile, and removes what they keep outside the checkout.
pub(crate) fn down() -> Result<()> {
    let services = Services::of_this_checkout()?;
    if let Some(running) = Running::find(&services) {
        if running.supervisor.is_alive() {
            say(format_args!("Asking process {} to stop its stack …", running.supervisor.pid));
            running.supervisor.stop(Signal::TERM, IN_ORDER)?;
        }
        running.gateway.stop(Signal::TERM, Duration::from_secs(30))?;
        Running::forget(&services)?;
    }
    services.stop_all()?;
    services.remove_outside()?;
    say("Nothing of this checkout is running.");
    Ok(())
}
