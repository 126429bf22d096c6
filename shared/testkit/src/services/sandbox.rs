//! Servers for one test alone: it may kill them, and they end with it.
//!
//! A test that is itself killed cannot end anything, so a sandbox says whose it is, and whoever stops the test
//! servers of the checkout also clears away the sandboxes of the dead.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Services, dirs, random_password};
use crate::process::Process;
use crate::record;

const OWNER: &str = "owner.json";

/// A folder with servers of its own. Dropping it stops them and throws everything away.
#[derive(Debug)]
pub struct Sandbox {
    services: Services,
}

impl Sandbox {
    /// An empty sandbox of this process.
    pub fn new() -> Result<Self> {
        let root = folder(&dirs::checkout_root()?.join(dirs::LOCAL)).join(random_password()?);
        fs::create_dir_all(&root)?;
        record::write(&root.join(OWNER), &Process::current()?)?;
        Ok(Self { services: Services::at(root)? })
    }

    /// Its servers.
    pub fn services(&self) -> &Services {
        &self.services
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What cannot be removed now is swept away later.
        let _ = clear(&self.services);
    }
}

/// Clears away the sandboxes whose owners are dead.
pub(super) fn sweep(local: &Path) -> Result<()> {
    let Ok(sandboxes) = fs::read_dir(folder(local)) else { return Ok(()) };
    for sandbox in sandboxes {
        let root = sandbox?.path();
        // Without an owner it is only being made, and nothing runs in it yet.
        if record::read::<Process>(&root.join(OWNER)).is_some_and(|owner| !owner.is_alive()) {
            clear(&Services::at(&root)?)?;
        }
    }
    Ok(())
}

fn clear(services: &Services) -> Result<()> {
    services.stop_all()?;
    services.remove_outside()?;
    dirs::remove_dir(&services.root)
}

fn folder(local: &Path) -> PathBuf {
    local.join("sandboxes")
}
