//! The statements of the release before, as they were sent, and how it bound them: for the tests beside this, and for the
//! migrate drill, in which that release goes on while this one's migrations are run.

use chrono::{DateTime, Utc};
use engine::{EventRecord, Life, LogEntry};
use serde_json::json;
use sqlx::{AssertSqlSafe, Postgres, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

macro_rules! statements {
    ($($konst:ident = $file:literal;)*) => {
        $(pub(crate) const $konst: &str = include_str!(concat!("fixtures/statements/", $file, ".sql"));)*
        /// All of them, by name.
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$(($file, $konst)),*];
    };
}

statements! {
    APPEND = "append";
    CHARACTER_LIST = "character_list";
    CREATE_CHARACTER = "create_character";
    EVENTS_NEWEST = "events_newest";
    EVENTS_OLDEST = "events_oldest";
    LIFE = "life";
    LIFE_LOG = "life_log";
    OPEN_SESSION = "open_session";
    REGISTER = "register";
    ROSTER = "roster";
    STORED_ANSWER = "stored_answer";
    USER_BY_ID = "user_by_id";
    USER_BY_IDENTIFIER = "user_by_identifier";
    VERSION = "version";
}

/// A statement, to be given its values.
pub(crate) fn statement(sql: &'static str) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(sql))
}

/// The first nine values of a statement that changes a life, `$1` to `$9`.
pub(crate) fn keyed<'q>(
    sql: &'static str,
    user: Uuid,
    route: &'static str,
    key: &'q str,
    now: DateTime<Utc>,
) -> Query<'q, Postgres, PgArguments> {
    let hash = [7_u8; 32].to_vec();
    let query = statement(sql).bind(user).bind(route).bind(key).bind(hash);
    query.bind(200_i16).bind(b"{}".to_vec()).bind("\"24\"").bind("en").bind(now)
}

/// `$10` to `$34` as the release before bound them.
pub(crate) fn bind_append<'q>(
    query: Query<'q, Postgres, PgArguments>,
    character: Uuid,
    version: i64,
    life: &'q Life,
    entry: &'q LogEntry,
    events: &'q [EventRecord],
) -> Query<'q, Postgres, PgArguments> {
    let int2 = |number: u16| i16::try_from(number).unwrap_or(i16::MAX);
    let int4 = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let decided: Vec<_> =
        events.iter().filter_map(|event| event.decision.as_ref().map(|record| (event, record))).collect();
    let a = life.attributes;
    let query = query
        .bind(character)
        .bind(version)
        .bind(life.status.as_str())
        .bind(int2(life.age))
        .bind(json!({"life": life, "recent": events}).to_string().into_bytes());
    let query = [a.intelligence, a.constitution, a.charisma, a.willpower, a.creativity]
        .into_iter()
        .fold(query, |query, value| query.bind(i16::from(value)));
    query
        .bind(vec![int4(entry.seq)])
        .bind(vec![int2(entry.age)])
        .bind(vec![Json(&entry.input)])
        .bind(vec![entry.outcome.as_slice()])
        .bind(vec![entry.content_hash.0.as_slice()])
        .bind(vec![int4(entry.rules_version)])
        .bind(vec![entry.hash.as_slice()])
        .bind(events.iter().map(|event| int4(event.event_seq)).collect::<Vec<_>>())
        .bind(events.iter().map(|event| int2(event.age)).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.event_id.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.event_type.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(Json).collect::<Vec<_>>())
        .bind(decided.iter().map(|(event, _)| int4(event.event_seq)).collect::<Vec<_>>())
        .bind(decided.iter().map(|(event, _)| int2(event.age)).collect::<Vec<_>>())
        .bind(decided.iter().map(|(_, record)| Json(*record)).collect::<Vec<_>>())
}
