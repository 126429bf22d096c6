//! A session as an item.
//!
//! | attribute | type | what |
//! | --- | --- | --- |
//! | `user_id` | S | partition key |
//! | `session_id` | S | sort key; a UUIDv7, so the sort order is the order of signing in |
//! | `platform`, `device_id`, `device_name` | S | as the client said; the last two may be missing |
//! | `created_us`, `refreshed_us`, `expires_us` | N | Unix time in microseconds, as exact as Postgres keeps it |
//! | `expires_at` | N | Unix time in seconds from which DynamoDB may delete the item; it takes days at times |
//! | `family_hash`, `refresh_hash` | B | 32 bytes each |
//! | `replaced_hash`, `turn_salt` | B | 32 and 16 bytes; from the first refresh on |

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::{Kept, NewSession, Session};
use crate::ids::{SessionId, UserId};

/// An item as the SDK gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// What is read where nobody needs the secrets: a projection of all but the hashes and the salt.
pub(super) const PUBLIC: &str =
    "user_id, session_id, platform, device_id, device_name, created_us, refreshed_us, expires_us";

/// An item that this code cannot have written.
#[derive(Debug, thiserror::Error)]
#[error("a session in DynamoDB has no valid {0}")]
pub(super) struct Malformed(&'static str);

pub(super) fn id(id: Uuid) -> AttributeValue {
    AttributeValue::S(id.to_string())
}

pub(super) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn micros(time: DateTime<Utc>) -> AttributeValue {
    AttributeValue::N(time.timestamp_micros().to_string())
}

/// The first whole second at which a session with this end has ended.
pub(super) fn deleted_from(end: DateTime<Utc>) -> AttributeValue {
    let seconds = end.timestamp() + i64::from(end.timestamp_subsec_nanos() > 0);
    AttributeValue::N(seconds.to_string())
}

pub(super) fn key(user: UserId, session: SessionId) -> Item {
    HashMap::from([("user_id".to_owned(), id(user.0)), ("session_id".to_owned(), id(session.0))])
}

/// A new session as it is stored.
pub(super) fn of(new: &NewSession) -> Item {
    let session = &new.session;
    let mut item = key(session.user_id, session.session_id);
    let texts = [
        ("platform", Some(&session.platform)),
        ("device_id", session.device_id.as_ref()),
        ("device_name", session.device_name.as_ref()),
    ];
    for (name, text) in texts {
        item.extend(text.map(|text| (name.to_owned(), AttributeValue::S(text.clone()))));
    }
    let rest = [
        ("created_us", micros(session.created_at)),
        ("refreshed_us", micros(session.refreshed_at)),
        ("expires_us", micros(session.expires_at)),
        ("expires_at", deleted_from(session.expires_at)),
        ("family_hash", bytes(&new.family_hash)),
        ("refresh_hash", bytes(&new.refresh_hash)),
    ];
    item.extend(rest.map(|(name, value)| (name.to_owned(), value)));
    item
}

/// The sort key of an item.
pub(super) fn session_id(item: &Item) -> Result<SessionId, Malformed> {
    read_id(item, "session_id").map(SessionId)
}

/// An item's public part.
pub(super) fn session(item: &Item) -> Result<Session, Malformed> {
    Ok(Session {
        user_id: UserId(read_id(item, "user_id")?),
        session_id: session_id(item)?,
        platform: text(item, "platform").ok_or(Malformed("platform"))?,
        device_id: text(item, "device_id"),
        device_name: text(item, "device_name"),
        created_at: time(item, "created_us")?,
        refreshed_at: time(item, "refreshed_us")?,
        expires_at: time(item, "expires_us")?,
    })
}

/// A whole item.
pub(super) fn kept(item: &Item) -> Result<(Session, Kept), Malformed> {
    let replaced = item.contains_key("replaced_hash");
    let replaced = replaced.then(|| Ok((array(item, "replaced_hash")?, array(item, "turn_salt")?))).transpose()?;
    let family_hash = Some(array(item, "family_hash")?);
    Ok((session(item)?, Kept { family_hash, refresh_hash: array(item, "refresh_hash")?, replaced }))
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

fn read_id(item: &Item, name: &'static str) -> Result<Uuid, Malformed> {
    text(item, name).and_then(|text| text.parse().ok()).ok_or(Malformed(name))
}

fn time(item: &Item, name: &'static str) -> Result<DateTime<Utc>, Malformed> {
    let number = item.get(name).and_then(|value| value.as_n().ok()?.parse().ok());
    number.and_then(DateTime::from_timestamp_micros).ok_or(Malformed(name))
}

fn array<const N: usize>(item: &Item, name: &'static str) -> Result<[u8; N], Malformed> {
    let found = item.get(name).and_then(|value| value.as_b().ok());
    found.and_then(|blob| blob.as_ref().try_into().ok()).ok_or(Malformed(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewSession {
        let at = |micros| DateTime::from_timestamp_micros(micros).expect("a time");
        let session = Session {
            user_id: UserId(Uuid::from_u128(1)),
            session_id: SessionId(Uuid::from_u128(2)),
            platform: "web".to_owned(),
            device_id: None,
            device_name: Some("重启".to_owned()),
            created_at: at(1_780_315_200_000_001),
            refreshed_at: at(1_780_315_200_000_002),
            expires_at: at(1_782_907_200_000_000),
        };
        NewSession { session, family_hash: [1; 32], refresh_hash: [2; 32] }
    }

    #[test]
    fn an_item_is_read_as_it_was_written_and_what_is_missing_is_named() {
        let new = new();
        let item = of(&new);
        let (session, kept) = kept(&item).expect("whole");
        assert_eq!(session, new.session);
        assert_eq!((kept.family_hash, kept.refresh_hash), (Some(new.family_hash), new.refresh_hash));
        assert_eq!(kept.replaced, None);
        for name in ["platform", "created_us", "refreshed_us", "expires_us", "family_hash", "refresh_hash"] {
            let mut broken = item.clone();
            broken.remove(name);
            assert_eq!(super::kept(&broken).expect_err(name).0, name);
            broken.insert(name.to_owned(), AttributeValue::Bool(true));
            assert_eq!(super::kept(&broken).expect_err(name).0, name);
        }
    }

    #[test]
    fn dynamodb_deletes_nothing_before_its_end() {
        let end = new().session.expires_at;
        let number = |text: &str| AttributeValue::N(text.to_owned());
        assert_eq!(deleted_from(end), number("1782907200"));
        assert_eq!(deleted_from(end + chrono::TimeDelta::microseconds(1)), number("1782907201"));
    }

    #[test]
    fn what_is_read_without_need_of_secrets_has_none() {
        let item = of(&new());
        let read: Vec<_> = PUBLIC.split(", ").collect();
        let public = item.into_iter().filter(|(name, _)| read.contains(&name.as_str())).collect();
        assert_eq!(session(&public).expect("whole"), new().session);
        assert!(kept(&public).is_err());
    }
}
