//! A thousand tasks that each read one row, over and over: our pool against sqlx's own, on the same server, in turns.

use std::{
    num::NonZero,
    time::{Duration, Instant},
};

use anyhow::Result;
use platform::{Ctx, config::Config, store::Db};
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection, Postgres, postgres::PgPoolOptions};
use testkit::{
    app::VERIFYING_KEY,
    services::{Profile, Sandbox},
};
use tokio::task::JoinSet;

const TASKS: usize = 1_000;
const CONNECTIONS: u32 = 16;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the figures")]
async fn main() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let services = sandbox.services().clone();
    let url = tokio::task::spawn_blocking(move || services.postgres(Profile::Test)).await??.admin_url;
    let mut admin = PgConnection::connect(&url).await?;
    for sql in [
        "CREATE TABLE point (id int8 PRIMARY KEY, body text)",
        "INSERT INTO point SELECT n, md5(n::text) FROM generate_series(1, 100000) n",
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut admin).await?;
    }

    let theirs = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(Duration::from_secs(60));
    let theirs: &'static _ = Box::leak(Box::new(theirs.test_before_acquire(false).connect(&url).await?));
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("DATABASE_MAX_CONNECTIONS", &CONNECTIONS.to_string()),
        ("DATABASE_ACQUIRE_TIMEOUT_MS", "60000"),
        ("AUTH_VERIFYING_KEYS", VERIFYING_KEY),
    ];
    let config =
        Config::from_lookup(|name| settings.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned()))?;
    let ctx: &'static Ctx = Box::leak(Box::new(Ctx::new(config)?));
    let ours: &'static Db = ctx.db();

    let cores = std::thread::available_parallelism().map_or(0, NonZero::get);
    println!("tasks={TASKS} connections={CONNECTIONS} cores={cores}, statements a second");
    println!("| round | sqlx pool | our pool | ratio |\n| --- | ---: | ---: | ---: |");
    for round in 1..=ROUNDS {
        let (before, after) = (rate(theirs).await?, rate(ours).await?);
        println!("| {round} | {before:.0} | {after:.0} | {:.2} |", after / before);
    }
    Ok(())
}

/// Statements a second that all tasks together get through.
async fn rate<E>(db: E) -> Result<f64>
where
    E: Executor<'static, Database = Postgres> + Copy + Send + Sync + 'static,
{
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        tasks.spawn(async move {
            let (mut done, mut id) = (0_u32, i64::try_from(task)?);
            while started.elapsed() < ROUND {
                id = (id * 31 + 7) % 100_000;
                sqlx::query_scalar::<_, String>("SELECT body FROM point WHERE id = $1")
                    .bind(id + 1)
                    .fetch_one(db)
                    .await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut statements = 0.0;
    while let Some(done) = tasks.join_next().await {
        statements += f64::from(done??);
    }
    Ok(statements / started.elapsed().as_secs_f64())
}
