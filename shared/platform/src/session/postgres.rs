//! Sessions in Postgres: where there is no DynamoDB.

use chrono::{DateTime, Utc};

use super::{NEWEST, NewSession, Refreshed, Session, SessionStore, Turn, Turned, outcome};
use crate::{
    error::ApiError,
    ids::{SessionId, UserId},
    store::{Db, sessions},
};

/// Times a turn is tried against others that change the same session.
const TRIES: u32 = 5;

/// The table `sessions`.
#[derive(Clone)]
pub struct PostgresSessions(pub(crate) Db);

impl SessionStore for PostgresSessions {
    async fn open(&self, session: &NewSession) -> Result<(), ApiError> {
        sessions::open(&self.0, session).await
    }

    async fn get(&self, user: UserId, session: SessionId, now: DateTime<Utc>) -> Result<Option<Session>, ApiError> {
        let found = sessions::find(&self.0, user, session).await?;
        Ok(found.map(|(session, _)| session).filter(|session| session.expires_at > now))
    }

    async fn list(&self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, ApiError> {
        sessions::listed(&self.0, user, now, NEWEST).await
    }

    async fn refresh(&self, user: UserId, session: SessionId, turn: &Turn) -> Result<Refreshed, ApiError> {
        for _ in 0..TRIES {
            if let Some(session) = sessions::turn(&self.0, user, session, turn).await? {
                return Ok(Refreshed::Turned(session));
            }
            let Some((found, kept)) = sessions::find(&self.0, user, session).await? else {
                return Ok(Refreshed::Unknown);
            };
            if let Turned::Not(refreshed) = outcome(found, &kept, turn) {
                return Ok(refreshed);
            }
        }
        Err(ApiError::unavailable(1, "a session changes faster than it can be refreshed"))
    }

    async fn revoke(&self, user: UserId, session: SessionId) -> Result<bool, ApiError> {
        sessions::revoke(&self.0, user, session).await
    }

    async fn revoke_all(&self, user: UserId, except: Option<SessionId>) -> Result<Vec<SessionId>, ApiError> {
        sessions::revoke_all(&self.0, user, except).await
    }
}
