//! A database of its own for each test: a copy of a migrated template, made once a schema.

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

use crate::services::{self, Postgres, Profile};

/// Serialises the making of templates over all test processes; any number that nobody else uses.
const TEMPLATE_LOCK: i64 = 0x7265_7374;

/// The URL of a fresh, migrated database. It goes with the server's data when the tests are over.
pub async fn fresh() -> Result<String> {
    let (server, mut admin) = server().await?;
    let template = template(&mut admin, &server).await?;
    create(&server, admin, &template).await
}

/// The URL of a database with nothing in it, for what brings a schema of its own.
pub async fn blank() -> Result<String> {
    let (server, admin) = server().await?;
    create(&server, admin, "template0").await
}

/// Brings the schema of any database up to date.
pub async fn migrate(url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    platform::store::migrations::run(&mut connection).await?;
    Ok(connection.close().await?)
}

/// The URL of the tests' Redis.
pub async fn redis_url() -> Result<String> {
    Ok(tokio::task::spawn_blocking(|| services::redis(Profile::Test)).await??.url)
}

/// The URL of the tests' Redis Cluster.
pub async fn redis_cluster_url() -> Result<String> {
    Ok(tokio::task::spawn_blocking(|| services::redis_cluster(Profile::Test)).await??.url)
}

async fn server() -> Result<(Postgres, PgConnection)> {
    let server = tokio::task::spawn_blocking(|| services::postgres(Profile::Test)).await??;
    let admin = PgConnection::connect(&server.admin_url).await.context("cannot reach the test server")?;
    Ok((server, admin))
}

async fn create(server: &Postgres, mut admin: PgConnection, template: &str) -> Result<String> {
    let name = format!("test_{}", Uuid::now_v7().simple());
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {template}"))).execute(&mut admin).await?;
    admin.close().await?;
    Ok(server.url_of(&name))
}

async fn template(admin: &mut PgConnection, server: &Postgres) -> Result<String> {
    let name = format!("template_{}", platform::store::migrations::fingerprint());
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut *admin).await?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut *admin)
        .await?;
    if !exists {
        // Migrated under another name first: a template is there whole, or not at all.
        let draft = format!("{name}_draft");
        sqlx::query(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {draft}"))).execute(&mut *admin).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {draft}"))).execute(&mut *admin).await?;
        migrate(&server.url_of(&draft)).await?;
        sqlx::query(AssertSqlSafe(format!("ALTER DATABASE {draft} RENAME TO {name}"))).execute(&mut *admin).await?;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(TEMPLATE_LOCK).execute(&mut *admin).await?;
    Ok(name)
}
