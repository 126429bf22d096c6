//! What is measured: a release gateway over private servers, with one or the other part of the cache switched off.

use std::path::PathBuf;

use anyhow::Result;
use testkit::services::{Profile, Services};

use crate::stack::gateway::{Build, Gateway, Log, Ports, Program};
use crate::stack::interrupt::Interrupt;

/// The variables that size L1, one a class of data.
const L1_VARIABLES: [&str; 6] = [
    "CACHE_CONTENT",
    "CACHE_USER_DATA",
    "CACHE_CHARACTER_DATA",
    "CACHE_GAME_STATE",
    "CACHE_ACHIEVEMENTS",
    "CACHE_LEADERBOARD",
];

/// A Redis that is not there: nothing listens on port 1.
const NOWHERE: &str = "redis://127.0.0.1:1";

/// Which tiers of the cache there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tiers {
    /// PostgreSQL alone: no Redis is named and L1 holds nothing.
    None,
    /// Redis, and an L1 that holds nothing.
    L2,
    /// All.
    L1AndL2,
    /// L1, and a Redis that is named but does not answer.
    RedisAway,
}

impl Tiers {
    /// As in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "Postgres alone",
            Self::L2 => "L2 (Redis)",
            Self::L1AndL2 => "L1 and L2",
            Self::RedisAway => "Redis away",
        }
    }

    /// As in keys of the last line.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::L2 => "l2",
            Self::L1AndL2 => "l1_l2",
            Self::RedisAway => "redis_away",
        }
    }

    fn environment(self, redis_url: &str) -> Vec<(&'static str, String)> {
        let redis = match self {
            Self::None => "",
            Self::L2 | Self::L1AndL2 => redis_url,
            Self::RedisAway => NOWHERE,
        };
        let l1 = L1_VARIABLES.into_iter().filter(|_| matches!(self, Self::None | Self::L2));
        let sizes = l1.map(|name| (name, "max_bytes=0".to_owned()));
        sizes.chain([("REDIS_URL", redis.to_owned())]).collect()
    }
}

/// Servers with an empty database, and the gateway's program.
pub(super) struct Stack {
    program: Program,
    redis_url: String,
    log: PathBuf,
}

impl Stack {
    /// Builds the gateway as it is released, starts the servers, and migrates.
    pub(super) async fn prepare(services: &Services, cluster: bool, interrupt: &Interrupt) -> Result<Self> {
        let servers = services.clone();
        let (postgres, redis_url) = tokio::task::spawn_blocking(move || {
            let postgres = servers.postgres(Profile::Drill)?;
            let redis_url =
                if cluster { servers.redis_cluster(Profile::Drill)?.url } else { servers.redis(Profile::Drill)?.url };
            anyhow::Ok((postgres, redis_url))
        })
        .await??;
        let program = Program::build(Build::Release, interrupt)
            .await?
            .with([("DATABASE_URL", postgres.admin_url)])
            // Limits are counted and never reached: nobody is refused, and nothing is spared.
            .with([("RATE_LIMIT_PERCENT", "100000"), ("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")])
            .with([("LOG_LEVEL", "warn")])
            .with_keys(&services.local_dir().join("keys.env"))
            .await?;
        program.migrate().await?;
        let log = services.local_dir().join("load-gateway.log");
        testkit::record::remove(&log)?;
        Ok(Self { program, redis_url, log })
    }

    /// A gateway that is ready.
    pub(super) async fn serve(&self, tiers: Tiers) -> Result<Gateway> {
        let program = self.program.clone().with(tiers.environment(&self.redis_url));
        let mut gateway = program.serve(Ports::any()?, Log::File(self.log.clone()))?;
        gateway.ready().await?;
        Ok(gateway)
    }
}
