//! Every statement by name: the name is a metric's label and the handle by which drills pick up the very text.

use super::{
    accounts, achievements, auth_limits, branches, characters, content_blobs, decisions, deletion, devices,
    email_codes, events, export, idempotency, identities, lives, migrations, oauth_flows, outbox, passwords, redealing,
    removal, saves, sessions, stats,
};

/// A statement of the store.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    /// Unique and stable; dashboards rely on it.
    pub name: &'static str,
    /// As it is sent.
    pub sql: &'static str,
    /// Whether running it twice changes nothing, so that it may be sent again when it is unknown whether it was run.
    pub is_read: bool,
}

impl Statement {
    pub(super) const fn read(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, is_read: true }
    }

    pub(super) const fn write(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, is_read: false }
    }

    /// The statement with this text.
    pub(super) fn of(sql: &str) -> Option<&'static Self> {
        STATEMENTS.iter().find(|statement| statement.sql == sql)
    }
}

/// Every statement that a request may run.
pub const STATEMENTS: &[Statement] = &[
    accounts::CREATE,
    accounts::BY_IDENTIFIER,
    accounts::BY_ID,
    accounts::CHANGE,
    achievements::BACKFILL,
    auth_limits::COUNT,
    auth_limits::GIVE_BACK,
    branches::BRANCH,
    characters::CREATE,
    characters::LISTED,
    characters::NEWEST,
    content_blobs::LOAD,
    decisions::ASCENDING,
    decisions::DESCENDING,
    email_codes::ADDRESSEE,
    email_codes::PUT,
    email_codes::TRY,
    email_codes::VERIFY_EMAIL,
    email_codes::CLOSE_PASSWORD,
    email_codes::RESET_PASSWORD,
    events::ASCENDING,
    events::DESCENDING,
    events::NUMBERED,
    idempotency::FIRST_ANSWER,
    identities::FIND_OR_CREATE,
    identities::ADD_PASSWORD,
    identities::ADD,
    lives::STATE,
    lives::APPEND,
    lives::STANDS_AT,
    lives::LOG,
    migrations::NEWEST,
    devices::IS_KNOWN,
    devices::REMEMBER,
    deletion::CLOSE,
    deletion::LIVES,
    deletion::EVENTS,
    deletion::KEYS,
    deletion::ACCOUNT,
    deletion::UNFINISHED,
    export::ACCOUNT,
    export::LIVES,
    sessions::OPEN,
    sessions::FIND,
    sessions::LISTED,
    sessions::TURN,
    sessions::REVOKE,
    sessions::REVOKE_ALL,
    outbox::STANDS,
    oauth_flows::BEGIN,
    oauth_flows::TAKE,
    passwords::OF_USER,
    passwords::REPLACE,
    redealing::REDEAL,
    removal::DELETE,
    removal::IS_RESTORABLE,
    removal::RESTORE,
    removal::ROOM,
    saves::CREATE,
    saves::DELETE,
    saves::FIND,
    saves::LIST,
    saves::ROOM,
    stats::EVENTS,
    stats::OVERVIEW,
    stats::YEARS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_unique() {
        for (place, statement) in STATEMENTS.iter().enumerate() {
            let found = Statement::of(statement.sql).expect("it is in the list");
            assert_eq!(found.name, statement.name, "two statements with one text");
            assert!(STATEMENTS[..place].iter().all(|earlier| earlier.name != statement.name), "{}", statement.name);
        }
    }
}
