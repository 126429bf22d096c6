//! The private PostgreSQL server of a profile.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::dirs::{self, Dirs, ServerUser};
use super::find::Wanted;
use super::{Profile, free_port, random_password};
use crate::process::{self, Process, Signal};
use crate::record;

const POSTGRES: Wanted = Wanted {
    name: "PostgreSQL",
    programs: &[&["postgres", "initdb"]],
    folders: &[
        "/usr/lib/postgresql/*/bin",
        "/opt/homebrew/opt/*/bin",
        "/usr/local/opt/*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
    ],
    apt: "postgresql",
    brew: "postgresql@15",
    advice: "Install PostgreSQL 15 or newer so that postgres and initdb are on PATH, or set DATABASE_URL.",
};

/// The oldest major version the migrations run on.
const OLDEST: u32 = 15;

/// The game's own database on a private server.
const DATABASE: &str = "restart_life";

/// How long a start may take: under a second as a rule, longer for recovery after a kill on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running PostgreSQL server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Postgres {
    /// The game's database, as a role that may do everything: create databases, too. On a private server this goes
    /// over a Unix socket that only this user can reach.
    pub admin_url: String,
    /// The same over TCP, with a password: for other tools, and for proxies that break connections.
    pub tcp_url: String,
    /// Whether it is the checkout's own, not one that `DATABASE_URL` names.
    pub private: bool,
}

impl Postgres {
    /// A server that is somebody else's business.
    pub(super) fn given(url: String) -> Self {
        Self { tcp_url: url.clone(), admin_url: url, private: false }
    }

    /// The URL of another database on the same server.
    pub fn url_of(&self, database: &str) -> String {
        with_database(&self.admin_url, database)
    }
}

/// A URL with its path, the name of the database, replaced.
fn with_database(url: &str, database: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..].find('/').map_or(base.len(), |at| authority + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{database}{query}", &base[..end])
}

/// What the state file remembers.
#[derive(Serialize, Deserialize)]
struct Running {
    process: Process,
    data: PathBuf,
    server: Postgres,
}

/// The folder with PostgreSQL's own programs, the server's and its clients' of one version; installed if it is not there.
pub fn programs() -> Result<PathBuf> {
    let program = POSTGRES.obtain()?;
    // What is on PATH is often a link to where it was installed.
    let program = program.canonicalize().unwrap_or(program);
    Ok(program.parent().context("PostgreSQL lies in a folder")?.to_owned())
}

/// The server that is running, or a new one.
pub(super) fn start(dirs: &Dirs, profile: Profile) -> Result<Postgres> {
    // Whoever started it may have been killed before it was ready, so it is not enough that it is alive.
    if let Some(running) = record::read::<Running>(&state_file(dirs))
        && wait_ready(&running.process, &running.data)
    {
        return Ok(running.server);
    }
    stop(dirs)?;
    if !profile.keeps_data() {
        dirs.remove_data()?;
    }
    let program = POSTGRES.obtain()?;
    let cluster = Cluster::open(dirs, &program, profile)?;
    for _ in 0..5 {
        if let Some(server) = cluster.try_start(dirs, free_port()?)? {
            return Ok(server);
        }
    }
    bail!("PostgreSQL does not start:\n{}", record::tail(&log_file(dirs)))
}

/// Stops the running server, cutting its connections, and starts it again on the same data under the same URLs.
pub(super) fn restart(dirs: &Dirs, profile: Profile) -> Result<()> {
    let running = record::read::<Running>(&state_file(dirs)).context("no PostgreSQL runs here")?;
    let port = running.server.tcp_url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next());
    let port = port.context("the state file does not say where PostgreSQL runs")?.parse()?;
    let program = POSTGRES.obtain()?;
    running.process.stop(Signal::INT, Duration::from_secs(30))?;
    let cluster = Cluster::open(dirs, &program, profile)?;
    for _ in 0..5 {
        if cluster.try_start(dirs, port)?.is_some() {
            return Ok(());
        }
    }
    bail!("PostgreSQL does not start again:\n{}", record::tail(&log_file(dirs)))
}

/// Stops the server if it is running: connections are cut, what was committed is kept.
pub(super) fn stop(dirs: &Dirs) -> Result<()> {
    let state = state_file(dirs);
    if let Some(running) = record::read::<Running>(&state) {
        running.process.stop(Signal::INT, Duration::from_secs(30))?;
    }
    record::remove(&state)
}

/// A data directory and the program that serves it.
struct Cluster {
    program: PathBuf,
    user: ServerUser,
    data: PathBuf,
    sockets: PathBuf,
    password: String,
    durable: bool,
}

impl Cluster {
    /// The profile's cluster, made if there is none yet.
    fn open(dirs: &Dirs, program: &Path, profile: Profile) -> Result<Self> {
        let user = ServerUser::choose()?;
        let home = dirs.postgres_home(&user)?;
        let mut cluster = Self {
            program: program.to_owned(),
            user,
            data: home.join("data"),
            sockets: dirs.sockets(&user)?,
            password: String::new(),
            durable: profile.is_durable(),
        };
        let password_file = home.join("password");
        if cluster.data.is_dir() {
            cluster.end_orphan()?;
        } else {
            cluster.create(&home, &password_file)?;
        }
        cluster.password = fs::read_to_string(&password_file)?.trim().to_owned();
        Ok(cluster)
    }

    /// Makes a new cluster with the game's database in it. It gets its name only when it is complete, so a run that
    /// is killed in the middle leaves nothing that looks like one.
    fn create(&self, home: &Path, password_file: &Path) -> Result<()> {
        let version = run(Command::new(&self.program).arg("--version"), "")?.stdout;
        let version = String::from_utf8_lossy(&version).trim().to_owned();
        let digits = version.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
        let major: u32 = digits.and_then(|digits| digits.parse().ok()).unwrap_or_default();
        ensure!(major >= OLDEST, "{version} is too old. {}", POSTGRES.advice);

        let draft = home.join("draft");
        dirs::remove_dir(&draft)?;
        writeln!(record::private_file(password_file)?, "{}", random_password()?)?;
        self.user.take(password_file)?;

        let mut initdb = self.user.command(&self.program.with_file_name("initdb"));
        initdb.current_dir(home).arg("--pgdata").arg(&draft).arg("--pwfile").arg(password_file);
        initdb.args(["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"]);
        initdb.args(["--encoding=UTF8", if cfg!(target_os = "linux") { "--locale=C.UTF-8" } else { "--locale=C" }]);
        run(&mut initdb, "")?;

        let mut single = self.user.command(&self.program);
        single.current_dir(home).args(["--single", "-c", "exit_on_error=true", "-D"]).arg(&draft).arg("postgres");
        run(&mut single, &format!("CREATE DATABASE {DATABASE}\n"))?;
        fs::rename(&draft, &self.data).context("cannot name the new cluster")
    }

    /// Ends a server on this data directory that no state file knows of, and forgets one that is long dead: its
    /// `postmaster.pid` may hold an id that the system has since given to somebody else.
    fn end_orphan(&self) -> Result<()> {
        let pid_file = self.data.join("postmaster.pid");
        let Some(process) = first_line(&pid_file).and_then(|pid| Process::find(pid.parse().ok()?)) else {
            return Ok(());
        };
        if process::command_line(process.pid).contains(&*self.data.to_string_lossy()) {
            return Ok(process.stop(Signal::INT, Duration::from_secs(30))?);
        }
        record::remove(&pid_file)
    }

    /// One attempt on one port; `None` if the server ended at once: somebody took the port first, or what a killed
    /// server left in shared memory is not gone yet.
    fn try_start(&self, dirs: &Dirs, port: u16) -> Result<Option<Postgres>> {
        let log = record::private_file(&log_file(dirs))?;
        let mut command = self.user.command(&self.program);
        command.current_dir(&self.data).stdout(log.try_clone()?).stderr(log).arg("-D").arg(&self.data);
        let sync = if self.durable { "on" } else { "off" };
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", self.sockets.display()),
            "unix_socket_permissions=0700".to_owned(),
            "max_connections=400".to_owned(),
            "shared_buffers=128MB".to_owned(),
            "jit=off".to_owned(),
            format!("fsync={sync}"),
            format!("full_page_writes={sync}"),
            format!("synchronous_commit={sync}"),
        ] {
            command.arg("-c").arg(setting);
        }
        if has_statement_statistics(&self.program) {
            command.args(["-c", "shared_preload_libraries=pg_stat_statements"]);
        }
        let child = command.spawn().with_context(|| format!("cannot run {}", self.program.display()))?;
        let process = Process::find(child.id()).context("PostgreSQL ended at once")?;
        let server = Postgres {
            admin_url: format!("postgres://postgres@localhost:{port}/{DATABASE}?host={}", self.sockets.display()),
            tcp_url: format!("postgres://postgres:{}@127.0.0.1:{port}/{DATABASE}", self.password),
            private: true,
        };
        let running = Running { process, data: self.data.clone(), server };
        record::write(&state_file(dirs), &running)?;
        if wait_ready(&running.process, &self.data) {
            return Ok(Some(running.server));
        }
        running.process.stop(Signal::INT, Duration::from_secs(10))?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(None)
    }
}

/// Whether the server can count what each statement costs. It belongs to PostgreSQL, but some systems package it apart,
/// and a server that is told to load what is not there does not start.
fn has_statement_statistics(program: &Path) -> bool {
    // What is on PATH is often a link to where it was installed.
    let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let Some(root) = program.parent().and_then(Path::parent) else { return false };
    let found = |folder: &str| {
        ["so", "dylib"].iter().any(|end| root.join(folder).join(format!("pg_stat_statements.{end}")).is_file())
    };
    ["lib", "lib/postgresql"].into_iter().any(found)
}

/// Waits until the server takes connections; says whether it does. It writes so into its pid file, after its port.
fn wait_ready(process: &Process, data: &Path) -> bool {
    let deadline = Instant::now() + START;
    while process.is_alive() && Instant::now() < deadline {
        let pid_file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        let mut lines = pid_file.lines();
        let pid = lines.next().and_then(|line| line.parse().ok());
        if pid == Some(process.pid) && lines.nth(6).is_some_and(|status| status.trim() == "ready") {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Runs a program to its end with some input; an error says what it said.
fn run(command: &mut Command, input: &str) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{name}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

fn first_line(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()?.lines().next().map(|line| line.trim().to_owned())
}

fn state_file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("postgres.json")
}

fn log_file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("postgres.log")
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_of_a_url_changes() {
        for (url, expected) in [
            ("postgres://u:p@h:5432/a", "postgres://u:p@h:5432/b"),
            ("postgres://u@localhost:1/a?host=/run/x", "postgres://u@localhost:1/b?host=/run/x"),
            ("postgres://h", "postgres://h/b"),
        ] {
            assert_eq!(with_database(url, "b"), expected);
        }
    }
}
