//! Private PostgreSQL, Redis and DynamoDB API servers of this checkout, for tests, for `cargo xtask up` and for drills.
//!
//! Whoever asks first starts a server; everybody else, in this process or another, gets the same one. The servers
//! outlive the process that started them and are found again through state files under `.local/`, until
//! [`Services::stop`]. They listen on free ports of 127.0.0.1 and never touch an installation of the system's own.

mod compose;
mod dirs;
mod dynamodb;
mod find;
mod install;
mod postgres;
mod prometheus;
mod redis;
mod redis_cluster;
mod sandbox;
mod tools;

use std::fs::File;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use self::compose::{Docker, Service};
pub use self::dirs::checkout_root;
use self::find::NotHere;
pub use self::postgres::{Postgres, programs as postgres_programs};
pub use self::prometheus::{alertmanager, prometheus, promtool, pushgateway};
pub use self::redis::Redis;
pub use self::redis_cluster::{Master, RedisCluster};
pub use self::sandbox::Sandbox;
pub use self::tools::{age, amtool, haproxy, jq, npm, wrk};

/// What a set of servers is for. Each profile has its own servers and its own data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Tests: fast, not durable, data thrown away when it stops.
    Test,
    /// `cargo xtask up`: durable, data kept for the next time.
    Local,
    /// Drills that kill things: durable, data thrown away when it stops.
    Drill,
}

impl Profile {
    const ALL: [Self; 3] = [Self::Test, Self::Local, Self::Drill];

    /// The name of its folder.
    fn folder(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Local => "local",
            Self::Drill => "drill",
        }
    }

    /// Whether an acknowledged write must survive a crash of the machine.
    fn is_durable(self) -> bool {
        self != Self::Test
    }

    /// Whether its data outlives its servers.
    fn keeps_data(self) -> bool {
        self == Self::Local
    }
}

/// The PostgreSQL server of a profile in this checkout; started if it is not running.
pub fn postgres(profile: Profile) -> Result<Postgres> {
    Services::of_this_checkout()?.postgres(profile)
}

/// The Redis server of a profile in this checkout; started if it is not running.
pub fn redis(profile: Profile) -> Result<Redis> {
    Services::of_this_checkout()?.redis(profile)
}

/// The Redis Cluster of a profile in this checkout; started if it is not running.
pub fn redis_cluster(profile: Profile) -> Result<RedisCluster> {
    Services::of_this_checkout()?.redis_cluster(profile)
}

/// The URL of the DynamoDB API server of a profile in this checkout; started if it is not running.
pub fn dynamodb(profile: Profile) -> Result<String> {
    Services::of_this_checkout()?.dynamodb(profile)
}

/// Stops every server of this checkout.
pub fn stop_all() -> Result<()> {
    Services::of_this_checkout()?.stop_all()
}

/// The servers that belong to one folder, usually a checkout.
#[derive(Clone, Debug)]
pub struct Services {
    root: PathBuf,
    environment: bool,
}

impl Services {
    /// The servers of the checkout this process was started in. `DATABASE_URL`, `REDIS_URL` and
    /// `AWS_ENDPOINT_URL_DYNAMODB`, where they are set, replace the private servers.
    pub fn of_this_checkout() -> Result<Self> {
        Ok(Self { root: checkout_root()?, environment: true })
    }

    /// The servers of any other folder; the environment has no say in these.
    pub fn at(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let root = root.canonicalize().with_context(|| format!("{} is not a folder", root.display()))?;
        Ok(Self { root, environment: false })
    }

    /// The PostgreSQL server of a profile; started if it is not running.
    pub fn postgres(&self, profile: Profile) -> Result<Postgres> {
        match self.given("DATABASE_URL") {
            Some(url) => Ok(Postgres::given(url)),
            None => {
                let dirs = self.dirs(profile);
                let _lock = dirs.lock()?;
                in_a_container_else(&dirs, profile, Service::Postgres, postgres::start(&dirs, profile), |url| {
                    Postgres { tcp_url: url.clone(), admin_url: url, private: true }
                })
            }
        }
    }

    /// The Redis server of a profile; started if it is not running.
    pub fn redis(&self, profile: Profile) -> Result<Redis> {
        match self.given("REDIS_URL") {
            Some(url) => Ok(Redis { url, private: false }),
            None => {
                let dirs = self.dirs(profile);
                let _lock = dirs.lock()?;
                in_a_container_else(&dirs, profile, Service::Redis, redis::start(&dirs), |url| Redis {
                    url,
                    private: true,
                })
            }
        }
    }

    /// The Redis Cluster of a profile: three masters; started if it is not running, or not whole. No variable names
    /// another in its place.
    pub fn redis_cluster(&self, profile: Profile) -> Result<RedisCluster> {
        let dirs = self.dirs(profile);
        let _lock = dirs.lock()?;
        redis_cluster::start(&dirs)
    }

    /// The URL of the DynamoDB API server of a profile; started, and before that installed, if it is not running. It
    /// keeps nothing when it stops.
    pub fn dynamodb(&self, profile: Profile) -> Result<String> {
        match self.given("AWS_ENDPOINT_URL_DYNAMODB") {
            Some(url) => Ok(url),
            None => {
                let dirs = self.dirs(profile);
                let _lock = dirs.lock()?;
                dynamodb::start(&dirs)
            }
        }
    }

    /// Stops the PostgreSQL server of a profile and starts it again: same data, same URLs, all connections cut.
    pub fn restart_postgres(&self, profile: Profile) -> Result<()> {
        let dirs = self.dirs(profile);
        let _lock = dirs.lock()?;
        postgres::restart(&dirs, profile)
    }

    /// Stops the Redis server of a profile; [`Services::restart_redis`] brings it back under the same URL.
    pub fn halt_redis(&self, profile: Profile) -> Result<()> {
        let dirs = self.dirs(profile);
        let _lock = dirs.lock()?;
        redis::halt(&dirs)
    }

    /// Stops the Redis server of a profile and starts it again: same URL, nothing remembered, all connections cut.
    pub fn restart_redis(&self, profile: Profile) -> Result<()> {
        let dirs = self.dirs(profile);
        let _lock = dirs.lock()?;
        redis::restart(&dirs)
    }

    /// Stops the servers of a profile, however they were started, and throws its data away unless it keeps them.
    /// Nothing running is no error.
    pub fn stop(&self, profile: Profile) -> Result<()> {
        if profile == Profile::Test {
            sandbox::sweep(&self.local_dir())?;
        }
        let dirs = self.dirs(profile);
        if !dirs.exist() {
            return Ok(());
        }
        let _lock = dirs.lock()?;
        dynamodb::stop(&dirs)?;
        redis::stop(&dirs)?;
        redis_cluster::stop(&dirs)?;
        postgres::stop(&dirs)?;
        compose::stop(&dirs, profile, &find::search_path())?;
        if profile.keeps_data() { Ok(()) } else { dirs.remove_data() }
    }

    /// Stops the servers of every profile.
    pub fn stop_all(&self) -> Result<()> {
        Profile::ALL.into_iter().try_for_each(|profile| self.stop(profile))
    }

    /// Removes what the servers keep outside the checkout: sockets, and the data of servers that were started as
    /// root. Data inside the checkout stay. Everything must have been stopped.
    pub fn remove_outside(&self) -> Result<()> {
        dirs::remove_outside(&self.root)
    }

    /// `.local/` of the checkout: everything the stack writes there is found in it.
    pub fn local_dir(&self) -> PathBuf {
        self.root.join(dirs::LOCAL)
    }

    fn dirs(&self, profile: Profile) -> dirs::Dirs {
        dirs::Dirs::new(&self.root, profile.folder())
    }

    fn given(&self, variable: &str) -> Option<String> {
        if !self.environment {
            return None;
        }
        std::env::var(variable).ok().filter(|url| !url.is_empty())
    }
}

/// What was started; where its programs are neither here nor to be had, the same in a container, if there is Docker.
fn in_a_container_else<T>(
    dirs: &dirs::Dirs,
    profile: Profile,
    service: Service,
    started: Result<T>,
    of: impl FnOnce(String) -> T,
) -> Result<T> {
    let missing = match started {
        Err(error) => error.downcast::<NotHere>()?,
        started => return started,
    };
    match Docker::find(&find::search_path()) {
        Some(docker) => docker.start(dirs, profile, service, &missing).map(of),
        None => Err(anyhow::anyhow!("{missing} Docker with its compose plugin would do as well.")),
    }
}

/// A port of 127.0.0.1 that was free a moment ago. Who starts a server on it must be ready to try another.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A password that nobody guesses: 128 bits of the system's randomness.
fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex::encode(bytes))
}
