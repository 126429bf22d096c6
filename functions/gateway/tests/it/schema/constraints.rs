//! Every constraint was named by somebody, and somebody has decided what breaking it means.

use std::{collections::BTreeSet, fs, path::Path};

use http::StatusCode;
use platform::store::constraints::MEANINGS;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use testkit::database;

use crate::story::{Story, app};

/// Constraints of tables and unique indexes, without those that partitions inherit. NOT NULL (`n`, since PostgreSQL 18)
/// has no name of ours.
const CONSTRAINTS: &str = "
    SELECT conname::text FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conparentid = 0 AND contype <> 'n'
      AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = conrelid AND c.relispartition)
      AND conrelid <> '_sqlx_migrations'::regclass
    UNION
    SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indisunique AND NOT c.relispartition
      AND c.relnamespace = 'public'::regnamespace AND i.indrelid <> '_sqlx_migrations'::regclass";

const INDEXES: &str = "
    SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND i.indrelid <> '_sqlx_migrations'::regclass";

async fn names(sql: &'static str) -> BTreeSet<String> {
    let url = database::fresh().await.expect("a database");
    let mut db = PgConnection::connect(&url).await.expect("a connection");
    sqlx::query_scalar(sql).fetch_all(&mut db).await.expect("names").into_iter().collect()
}

#[tokio::test]
async fn what_it_means_to_break_a_constraint_is_decided_for_each() {
    let decided: BTreeSet<String> = MEANINGS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(decided.len(), MEANINGS.len(), "a constraint has two meanings");
    assert_eq!(names(CONSTRAINTS).await, decided);
}

#[tokio::test]
async fn no_name_was_left_to_postgres() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let files = fs::read_dir(folder).expect("migrations").map(|file| file.expect("a file").path());
    let text: String = files.map(|file| fs::read_to_string(file).expect("text")).collect();
    let words: BTreeSet<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let all: BTreeSet<_> = names(CONSTRAINTS).await.union(&names(INDEXES).await).cloned().collect();
    assert!(all.contains("idx_relationships_character_type"), "the query finds nothing: {all:?}");
    let unnamed: Vec<_> = all.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert!(unnamed.is_empty(), "no migration names {unnamed:?}");
}

#[tokio::test]
async fn the_indexes_the_seed_names_are_there() {
    let all = names(INDEXES).await;
    for index in [
        "idx_users_username_active",
        "idx_characters_user_active",
        "idx_events_character_age",
        "idx_relationships_character_type",
    ] {
        assert!(all.contains(index), "{index} is missing");
    }
}

/// An account that is deleted while its token still lives, by the constraints that each route meets.
#[tokio::test]
async fn a_deleted_account_is_a_401_whichever_constraint_says_so() {
    let app = app().await;
    let story = Story::begun(&app, "deleted", "CN", 1990).await;
    sqlx::query("DELETE FROM users").execute(app.ctx().db()).await.expect("deleted");
    let body = json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962});
    for key in [None, Some("a key")] {
        let mut request = app.post("/api/v1/characters", &body).token(&story.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let refused = request.send().await;
        assert_eq!((refused.status, &refused.error()["reason"]), (StatusCode::UNAUTHORIZED, &json!("TOKEN_INVALID")));
    }
}
