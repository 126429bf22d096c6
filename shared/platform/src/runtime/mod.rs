//! The ways a route or a job comes to run, and the warm process's state: one static [`Ctx`] holds pool, keys and settings.

pub(crate) mod job;
pub(crate) mod lambda;
mod origin;
mod queue;
pub(crate) mod server;
mod start;

use once_cell::sync::OnceCell;

use crate::{
    config::Config,
    ctx::Ctx,
    telemetry::{self, logs::Levels},
};

/// The warm container's pools, keys and settings.
static CTX: OnceCell<Ctx> = OnceCell::new();
/// What it logs for the time being.
static LEVELS: OnceCell<Levels> = OnceCell::new();

/// Reads the environment, starts the log, and assembles the process. A second call gives the same one.
/// Called on a Tokio runtime: the pool keeps its housekeeping there.
fn init() -> Result<&'static Ctx, Box<dyn std::error::Error + Send + Sync>> {
    CTX.get_or_try_init(|| {
        let config = Config::from_env()?;
        LEVELS.get_or_try_init(|| telemetry::logs::install(&config))?;
        Ok(Ctx::new(config)?)
    })
}
