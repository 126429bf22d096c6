//! The scripts of `infra/backup` on a real server: what was there comes back, and what is broken is not taken for a backup.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::{
    database,
    player::{Player, SeededChooser, Spec},
    services::{self, checkout_root},
};

use crate::{
    jobs::gateway,
    server::{Server, settings},
};

/// A folder for backups, and a pair of keys.
struct Vault {
    folder: PathBuf,
    identity: PathBuf,
    recipient: String,
    path: OsString,
}

impl Vault {
    fn new() -> Self {
        let age = services::age().expect("age");
        let folder = std::env::temp_dir().join(format!("restart-life-backup-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).expect("a folder");
        let identity = folder.join("identity");
        let made =
            Command::new(age.with_file_name("age-keygen")).arg("-o").arg(&identity).output().expect("age-keygen");
        assert!(made.status.success());
        let text = fs::read_to_string(&identity).expect("the key");
        let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("its public half");
        let mut path = OsString::from(age.parent().expect("a folder"));
        path.push(":");
        #[expect(clippy::disallowed_methods, reason = "where this test finds the programs that the script calls")]
        path.push(std::env::var_os("PATH").unwrap_or_default());
        Self { identity, recipient: recipient.to_owned(), folder, path }
    }

    fn run(&self, script: &str, arguments: &[&Path], environment: &[(&str, &str)]) -> Output {
        Command::new(checkout_root().expect("the checkout").join("infra/backup").join(script))
            .args(arguments)
            .env("PATH", &self.path)
            .env("BACKUP_FOLDER", &self.folder)
            .env("BACKUP_RECIPIENT", &self.recipient)
            .env("BACKUP_IDENTITY", &self.identity)
            .envs(environment.iter().copied())
            .output()
            .expect("a shell")
    }

    fn back_up(&self, database: &str) -> PathBuf {
        let output = self.run("backup.sh", &[], &[("BACKUP_DATABASE_URL", database)]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let name = said.strip_prefix("backup=").and_then(|rest| rest.split(' ').next()).expect("its name");
        self.folder.join(name)
    }

    /// What lies in the folder and looks like a backup.
    fn backups(&self) -> usize {
        let names = fs::read_dir(&self.folder).expect("the folder").map(|entry| entry.expect("a file").file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".age")).count()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A hash over every row of every table, in an order of its own.
async fn contents(url: &str) -> Vec<(String, String)> {
    let mut db = PgConnection::connect(url).await.expect("a connection");
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
    )
    .fetch_all(&mut db)
    .await
    .expect("tables");
    let mut hashes = Vec::new();
    for table in tables {
        let query =
            format!("SELECT coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM {table} t");
        let hash: String = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut db).await.expect("a hash");
        hashes.push((table, hash));
    }
    hashes
}

#[tokio::test]
async fn a_backup_brings_back_every_row_and_nothing_that_came_later() {
    let settings = settings().await;
    let source = settings.iter().find(|(name, _)| *name == "DATABASE_URL").map(|(_, url)| url.clone()).expect("a URL");
    let server = Server::start(&settings);
    let player = Player::register(&server.url).await.expect("registered");
    let spec = Spec::new("Lin An", "CN", 1962);
    let life = player.live_to_the_end(&spec, &mut SeededChooser::new(7)).await.expect("a whole life");
    assert!(life.state.is_over());
    server.terminate();
    server.wait();

    let vault = Vault::new();
    let before = contents(&source).await;
    let file = vault.back_up(&source);
    let mut db = PgConnection::connect(&source).await.expect("a connection");
    sqlx::raw_sql("TRUNCATE users CASCADE").execute(&mut db).await.expect("a disaster");
    assert_ne!(contents(&source).await, before);

    let fresh = database::blank().await.expect("a database");
    let restored = vault.run("restore.sh", &[&file], &[("RESTORE_DATABASE_URL", &fresh)]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(contents(&fresh).await, before);

    // A second time there is something to lose, so it is refused.
    let again = vault.run("restore.sh", &[&file], &[("RESTORE_DATABASE_URL", &fresh)]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("tables already"), "{again:?}");

    // Every life comes out of its log; and were one entry gone, that would be seen.
    let replayed = gateway(&fresh, &["replay"]).await;
    assert!(replayed.succeeded, "{}", replayed.stderr);
    assert_eq!(replayed.stdout.lines().last(), Some("lives=1 recomputed=1 linked=0 broken=0"));
    let mut db = PgConnection::connect(&fresh).await.expect("a connection");
    let gone: Vec<i32> =
        sqlx::query_scalar("DELETE FROM life_log WHERE seq = (SELECT max(seq) FROM life_log) RETURNING seq")
            .fetch_all(&mut db)
            .await
            .expect("deleted");
    assert_eq!(gone.len(), 1);
    let replayed = gateway(&fresh, &["replay"]).await;
    assert!(
        !replayed.succeeded && replayed.stdout.contains("lives=1 recomputed=0 linked=0 broken=1"),
        "{}",
        replayed.stdout
    );
    replayed.said("a life is not what its log says");

    // The restored database serves: its schema is the one this release knows.
    let mut moved = settings.clone();
    for (name, value) in &mut moved {
        if *name == "DATABASE_URL" {
            value.clone_from(&fresh);
        }
    }
    let server = Server::start(&moved);
    let ready = reqwest::get(format!("{}/ready", server.url)).await.expect("an answer");
    assert_eq!(ready.status(), 200);
}

#[tokio::test]
async fn what_is_broken_is_no_backup() {
    let vault = Vault::new();
    let source = database::fresh().await.expect("a database");
    let file = vault.back_up(&source);
    assert!(vault.run("verify.sh", &[&file], &[]).status.success());

    // A dump that fails half way leaves nothing behind that could be taken for one.
    let empty = database::blank().await.expect("a database");
    for url in ["postgres://nobody@127.0.0.1:1/nothing", &empty] {
        let failed = vault.run("backup.sh", &[], &[("BACKUP_DATABASE_URL", url)]);
        assert!(!failed.status.success());
        assert_eq!(vault.backups(), 1, "{url}");
    }

    // One byte: the checksum sees it, and where somebody made the checksum fit, the encryption does.
    let mut bytes = fs::read(&file).expect("the backup");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, &bytes).expect("written");
    assert!(!vault.run("verify.sh", &[&file], &[]).status.success());
    let name = file.file_name().expect("a name");
    let sum = Command::new("sha256sum").arg(name).current_dir(&vault.folder).output().expect("a sum");
    fs::write(vault.folder.join(format!("{}.sha256", name.display())), sum.stdout).expect("written");
    let refused = vault.run("verify.sh", &[&file], &[]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("does not decipher"), "{refused:?}");
}

#[tokio::test]
async fn old_backups_go_and_the_newest_stays() {
    let vault = Vault::new();
    let source = database::fresh().await.expect("a database");
    for name in ["restart-life-20200101T000000Z.dump.age", "restart-life-20200101T000000Z.dump.age.sha256"] {
        fs::write(vault.folder.join(name), "old").expect("written");
        let aged = Command::new("touch").args(["-d", "20 days ago"]).arg(vault.folder.join(name)).status();
        assert!(aged.expect("touch").success());
    }
    let file = vault.back_up(&source);
    assert_eq!(vault.backups(), 1);
    assert!(file.is_file());
}
