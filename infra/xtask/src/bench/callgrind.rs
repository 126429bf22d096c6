//! Counting instructions under valgrind's callgrind: of a whole run, or of a server between two moments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Longest wait for callgrind to write a file that it was asked for.
const DUMP: Duration = Duration::from_secs(30);

/// A program under callgrind, which writes what it counted to `out`.
pub(super) fn command(out: &Path, program: &Path) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet"]).arg(format!("--callgrind-out-file={}", out.display())).arg(program);
    valgrind
}

/// What callgrind counted into this file.
///
/// # Errors
/// When there is no such file, or nothing in it.
pub(super) fn total(out: &Path) -> Result<u64> {
    let text = fs::read_to_string(out).with_context(|| format!("callgrind wrote no {}", out.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.context("callgrind wrote no total")?.trim().parse()?;
    ensure!(total > 0, "nothing was counted");
    Ok(total)
}

/// A server under callgrind; killed when dropped.
pub(super) struct Server {
    _child: Child,
    id: u32,
    folder: TempDir,
    /// How many files callgrind has been asked for.
    dumps: u32,
}

impl Server {
    /// Starts it with these settings and nothing else.
    ///
    /// # Errors
    /// Without valgrind.
    pub(super) fn start(program: &Path, arguments: &[&str], settings: &[(String, String)]) -> Result<Self> {
        let folder = TempDir::with_prefix("restart-life-callgrind-")?;
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--quiet", "--vgdb=yes"]);
        valgrind.arg(format!("--vgdb-prefix={}", folder.path().join("vgdb").display()));
        valgrind.arg(format!("--callgrind-out-file={}", folder.path().join("out").display()));
        valgrind.arg(program).args(arguments).env_clear().envs(settings.iter().cloned());
        // Its files are found by the names of user and machine, and one of our own settings is called HOST: say it to both.
        valgrind.env("LOGNAME", "bench").env("HOST", "127.0.0.1");
        valgrind.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = valgrind.spawn().context("valgrind is needed")?;
        let id = child.id().context("it ended at once")?;
        Ok(Self { _child: child, id, folder, dumps: 0 })
    }

    /// Forgets what was counted so far.
    ///
    /// # Errors
    /// When valgrind does not listen.
    pub(super) async fn zero(&self) -> Result<()> {
        self.ask("zero").await
    }

    /// What was counted since [`Server::zero`], in all threads.
    ///
    /// # Errors
    /// When valgrind does not listen, or writes nothing.
    pub(super) async fn counted(&mut self) -> Result<u64> {
        self.dumps += 1;
        self.ask("dump").await?;
        let file = self.file();
        let deadline = Instant::now() + DUMP;
        loop {
            match total(&file) {
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                counted => return counted,
            }
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(format!("out.{}", self.dumps))
    }

    async fn ask(&self, what: &str) -> Result<()> {
        let mut vgdb = Command::new("vgdb");
        vgdb.arg(format!("--vgdb-prefix={}", self.folder.path().join("vgdb").display()));
        vgdb.arg(format!("--pid={}", self.id)).arg(what).env("LOGNAME", "bench").env("HOST", "127.0.0.1");
        let output = vgdb.stdin(Stdio::null()).output().await.context("vgdb, which comes with valgrind, is needed")?;
        ensure!(output.status.success(), "vgdb {what}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}
