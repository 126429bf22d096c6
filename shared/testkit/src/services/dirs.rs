//! Where the private servers keep their things, and as whom they run.
//!
//! State and logs are in the checkout's `.local/<profile>/`. Sockets are in a short path outside it (a socket's path
//! is limited to about 100 bytes). PostgreSQL refuses to run as root, so then the servers run as another user, who
//! cannot reach into root's home: their data are outside the checkout too, in a folder of that user's own.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

/// The folder in the checkout that is never committed.
pub(super) const LOCAL: &str = ".local";

/// The parent of what is kept outside the checkout. Not `TMPDIR`: two shells with different values would not find
/// each other's servers, and root's may be closed to the servers' user.
const OUTSIDE: &str = "/tmp";

/// Whom the servers run as when root starts them, in order of preference.
const SERVER_USERS: [&str; 2] = ["postgres", "nobody"];

/// The checkout this process was started in: the closest folder upwards that holds a `Cargo.lock`.
pub fn checkout_root() -> Result<PathBuf> {
    let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => PathBuf::from(package),
        None => std::env::current_dir()?,
    };
    let start = start.canonicalize()?;
    let root = start.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.map(Path::to_path_buf).with_context(|| format!("{} is not inside a checkout", start.display()))
}

/// The folders of one profile.
#[derive(Debug)]
pub(super) struct Dirs {
    /// State files, logs and the lock.
    pub(super) state: PathBuf,
    outside: PathBuf,
    folder: &'static str,
}

impl Dirs {
    pub(super) fn new(root: &Path, folder: &'static str) -> Self {
        Self { state: root.join(LOCAL).join(folder), outside: outside(root), folder }
    }

    /// Whether this profile was ever used.
    pub(super) fn exist(&self) -> bool {
        self.state.is_dir()
    }

    /// Holds off every other process that starts or stops servers of this profile, until the file is dropped.
    pub(super) fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.state).with_context(|| format!("cannot create {}", self.state.display()))?;
        let path = self.state.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    /// The folder with the sockets, private to the servers' user.
    pub(super) fn sockets(&self, user: &ServerUser) -> Result<PathBuf> {
        user.own_dir(&self.outside)?;
        let sockets = self.outside.join(self.folder);
        user.own_dir(&sockets)?;
        Ok(sockets)
    }

    /// An empty folder for what the nodes of a Redis Cluster note about each other.
    pub(super) fn redis_cluster_home(&self, user: &ServerUser) -> Result<PathBuf> {
        let home = self.sockets(user)?.join("redis-cluster");
        remove_dir(&home)?;
        user.own_dir(&home)?;
        Ok(home)
    }

    /// The folder for PostgreSQL's data and what belongs to it.
    pub(super) fn postgres_home(&self, user: &ServerUser) -> Result<PathBuf> {
        let parent = if user.is_other() { self.sockets(user)? } else { self.state.clone() };
        let home = parent.join("postgres");
        user.own_dir(&home)?;
        Ok(home)
    }

    /// Throws away all data of this profile, in the checkout and outside; logs stay.
    pub(super) fn remove_data(&self) -> Result<()> {
        remove_dir(&self.state.join("postgres"))?;
        remove_dir(&self.outside.join(self.folder))
    }
}

/// Removes everything of a checkout that is outside of it.
pub(super) fn remove_outside(root: &Path) -> Result<()> {
    remove_dir(&outside(root))
}

/// `remove_dir_all` for which a missing folder is no error.
pub(super) fn remove_dir(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The folder outside the checkout that is its own: named by user and path.
fn outside(root: &Path) -> PathBuf {
    let me = rustix::process::geteuid().as_raw();
    let hash = Sha256::digest(format!("{me}:{}", root.display()));
    Path::new(OUTSIDE).join(format!("restart-life-{}", &hex::encode(hash)[..12]))
}

/// The user the servers run as.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServerUser {
    uid: u32,
    /// Set when it is not the user who starts them.
    switch: Option<u32>,
}

impl ServerUser {
    /// Oneself, or if that is root the first of [`SERVER_USERS`] that exists.
    pub(super) fn choose() -> Result<Self> {
        let me = rustix::process::geteuid();
        if !me.is_root() {
            return Ok(Self { uid: me.as_raw(), switch: None });
        }
        let found = SERVER_USERS.into_iter().find_map(|name| Some((id("-u", name)?, id("-g", name)?)));
        let Some((uid, gid)) = found else {
            bail!("PostgreSQL does not run as root, and there is no user named {}", SERVER_USERS.join(" or "));
        };
        Ok(Self { uid, switch: Some(gid) })
    }

    /// Whether the servers run as another user than the one who starts them.
    fn is_other(&self) -> bool {
        self.switch.is_some()
    }

    /// A command that runs as this user, without a terminal, out of reach of the terminal's Ctrl-C.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).process_group(0).env("LC_ALL", "C");
        if let Some(gid) = self.switch {
            command.uid(self.uid).gid(gid);
        }
        command
    }

    /// Hands a file or folder to this user.
    pub(super) fn take(&self, path: &Path) -> io::Result<()> {
        match self.switch {
            Some(gid) => std::os::unix::fs::chown(path, Some(self.uid), Some(gid)),
            None => Ok(()),
        }
    }

    /// Makes sure that a folder exists, is real, and is private to this user: its name in a shared place can be
    /// guessed, so somebody else may have made it first.
    fn own_dir(&self, path: &Path) -> Result<()> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => self.take(path)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot create {}", path.display())),
        }
        let meta = fs::symlink_metadata(path)?;
        ensure!(
            meta.is_dir() && meta.uid() == self.uid && meta.mode() & 0o077 == 0,
            "{} is not a private folder of user {}; remove it",
            path.display(),
            self.uid
        );
        Ok(())
    }
}

/// A numeric id of a user, by name.
fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
