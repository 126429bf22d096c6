//! The local stack: private PostgreSQL and Redis (`testkit::services`) and the gateway on top of them.
//!
//! `up` runs it for a person, `play` and the drills run one of their own; `test` needs the servers only. Whatever
//! starts something here stops it again, on every way out; what only `kill -9` can leave behind, `down` ends.

mod down;
pub(crate) mod gateway;
pub(crate) mod interrupt;
mod local;
mod play;
pub(crate) mod terminal;
mod test;
mod up;

pub(crate) use self::down::down;
pub(crate) use self::play::{PlayArgs, play};
pub(crate) use self::terminal::complain;
pub(crate) use self::test::{TestArgs, test};
pub(crate) use self::up::{UpArgs, up};

use std::future::Future;

/// Runs a verb that waits for several things at once.
pub(crate) fn block_on<T>(verb: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(verb);
    // A thread may still wait for the keyboard; the program must not.
    runtime.shutdown_background();
    outcome
}
