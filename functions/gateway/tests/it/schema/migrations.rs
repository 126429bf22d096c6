//! A migration only expands: the release before it runs on, while and after it is applied. One that contracts says so in
//! a comment, `-- contract: <since which release nobody needs it>`.

use std::{fs, path::Path};

use testkit::database;

/// What is wrong with a migration, by name of its file.
fn findings(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !is_well_named(name) {
        found.push("is not called YYYYMMDDHHMMSS_verb_object.sql".to_owned());
    }
    let sql: String = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join(" ");
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    let statements: Vec<&str> = sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect();
    let contracts = text.lines().any(|line| line.trim_start().starts_with("-- contract: "));
    for statement in &statements {
        if !contracts {
            found.extend(contraction(statement).map(str::to_owned));
        }
        found.extend(lock(statement, &statements).map(str::to_owned));
    }
    if sql.contains(" CONCURRENTLY ") && (!text.starts_with("-- no-transaction\n") || statements.len() != 1) {
        found.push("CONCURRENTLY stands alone in a file that begins with -- no-transaction".to_owned());
    }
    found
}

fn is_well_named(name: &str) -> bool {
    let Some((stamp, rest)) = name.split_once('_') else { return false };
    let Some(words) = rest.strip_suffix(".sql") else { return false };
    stamp.len() == 14
        && stamp.bytes().all(|byte| byte.is_ascii_digit())
        && words.contains('_')
        && words.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What the release before could not live with.
fn contraction(statement: &str) -> Option<&'static str> {
    let has = |words: &str| statement.contains(words);
    let drops_column = has(" DROP COLUMN ")
        || (has("ALTER TABLE ")
            && has(" DROP ")
            && !has(" DROP NOT NULL")
            && !has(" DROP CONSTRAINT ")
            && !has(" DROP DEFAULT"));
    let adds_required = statement
        .split(" ADD ")
        .skip(1)
        .any(|added| !added.starts_with("CONSTRAINT ") && added.contains(" NOT NULL") && !added.contains(" DEFAULT "));
    if statement.starts_with("DROP TABLE ") || drops_column {
        Some("drops what the release before reads")
    } else if has(" RENAME ") {
        Some("renames what the release before calls by its old name")
    } else if adds_required {
        Some("adds a column that the release before does not fill")
    } else if has(" SET NOT NULL") || (has(" ALTER COLUMN ") && has(" TYPE ")) {
        Some("narrows what the release before may write")
    } else {
        None
    }
}

/// What would hold writers of a full table off for as long as it takes.
fn lock(statement: &str, all: &[&str]) -> Option<&'static str> {
    if !statement.starts_with("CREATE INDEX ") && !statement.starts_with("CREATE UNIQUE INDEX ") {
        return None;
    }
    let table = statement.split(" ON ").nth(1)?.split([' ', '(']).find(|word| !word.is_empty())?;
    let makes_it = |other: &&str| {
        let table_of = other.strip_prefix("CREATE TABLE ").or_else(|| other.strip_prefix("CREATE UNLOGGED TABLE "));
        table_of.is_some_and(|rest| rest.starts_with(&format!("{table} ")))
    };
    let is_new = all.iter().any(makes_it);
    (!is_new && !statement.contains(" CONCURRENTLY ")).then_some("builds an index on a table that may be full")
}

#[test]
fn every_migration_only_expands() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut seen = 0;
    for file in fs::read_dir(folder).expect("migrations") {
        let path = file.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let found = findings(&name, &fs::read_to_string(&path).expect("text"));
        assert!(found.is_empty(), "{name}: {found:?}");
        seen += 1;
    }
    assert!(seen >= 8, "only {seen} migrations were found");
}

#[test]
fn what_would_break_the_release_before_is_found() {
    let name = "20270101000000_change_things.sql";
    for wrong in [
        "DROP TABLE users;",
        "ALTER TABLE users DROP COLUMN email;",
        "ALTER TABLE users DROP email;",
        "ALTER TABLE users\n    RENAME COLUMN email TO mail;",
        "ALTER TABLE users RENAME TO players;",
        "ALTER TABLE users ADD COLUMN a int NOT NULL DEFAULT 1, ADD COLUMN b int NOT NULL;",
        "ALTER TABLE users ADD b int NOT NULL;",
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL;",
        "ALTER TABLE users ALTER COLUMN version TYPE int;",
        "CREATE INDEX i ON users (email);",
        "CREATE UNIQUE INDEX i ON users(email);",
        "CREATE INDEX CONCURRENTLY i ON users (email);",
        "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON users (email);\nCREATE INDEX CONCURRENTLY j ON users (locale);",
    ] {
        assert_eq!(findings(name, wrong).len(), 1, "{wrong}");
    }
    for right in [
        "CREATE TABLE pets (a int NOT NULL);\nCREATE INDEX i ON pets (a);",
        "CREATE UNLOGGED TABLE pets (a int NOT NULL);\nCREATE INDEX i ON pets (a);",
        "ALTER TABLE users ADD COLUMN a int, ADD COLUMN b int NOT NULL DEFAULT 1;",
        "ALTER TABLE users ADD CONSTRAINT users_a CHECK (email IS NOT NULL);",
        "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;",
        "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON users (email);",
        "-- DROP TABLE users;\nSELECT 1;",
        "-- contract: nobody has read it since 0.3\nALTER TABLE users DROP COLUMN email;",
    ] {
        assert_eq!(findings(name, right), [""; 0], "{right}");
    }
    for wrong in ["1_change_things.sql", "20270101000000_things.sql", "20270101000000_Change_things.sql"] {
        assert_eq!(findings(wrong, "SELECT 1;").len(), 1, "{wrong}");
    }
}

#[tokio::test]
async fn several_may_migrate_at_once() {
    let url = database::blank().await.expect("a database");
    let migrate = || database::migrate(&url);
    let (first, second, third) = tokio::join!(migrate(), migrate(), migrate());
    for migrated in [first, second, third] {
        migrated.expect("its turn");
    }
}
