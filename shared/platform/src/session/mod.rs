//! Signed-in devices. Where they are kept is a deployment's choice, so this is one of the few places with a trait: two
//! real stores, one suite of tests over both.
//!
//! A refresh token is good for one use. Its successor is derived from the token itself and a salt that only the store
//! keeps, so that a client whose answer was lost can ask again with the same token and gets the same successor, while
//! neither the store alone nor an old token alone is worth anything. `docs/adr/0012-sessions.md` tells why.

mod dynamo;
mod postgres;
mod turn;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

pub use dynamo::DynamoSessions;
pub use postgres::PostgresSessions;
pub use turn::{Kept, Turn, Turned, outcome};

use crate::{
    ctx::{Ctx, Cx},
    error::ApiError,
    ids::{SessionId, UserId},
    route::SessionAccess,
    store::{Db, accounts},
};

/// How long the token that was just replaced is still answered, with the same successor.
pub const GRACE: TimeDelta = TimeDelta::seconds(10);

/// Sessions that a list of them holds at most.
pub const NEWEST: i32 = 100;

/// Devices that one player may be signed in on; whoever signs in on one more ends the oldest session.
pub const MOST: usize = 50;

/// A signed-in device, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Session {
    pub user_id: UserId,
    pub session_id: SessionId,
    /// Client platform: `web`, `unity`, …
    pub platform: String,
    /// The client's own id of the device.
    pub device_id: Option<String>,
    /// For people: `Pixel 9`.
    pub device_name: Option<String>,
    pub created_at: DateTime<Utc>,
    /// When its refresh token was last replaced; at first, when it was created.
    pub refreshed_at: DateTime<Utc>,
    /// When it ends unless it is refreshed before.
    pub expires_at: DateTime<Utc>,
}

/// A session about to be stored.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// SHA-256 of what all its refresh tokens share.
    pub family_hash: [u8; 32],
    /// SHA-256 of the secret of the first one.
    pub refresh_hash: [u8; 32],
}

/// What became of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// It is replaced, as the [`Turn`] said.
    Turned(Session),
    /// It was replaced within [`GRACE`], by the successor that this salt makes: give that one again.
    Again(Session, [u8; 16]),
    /// It was replaced before that: somebody has a copy. The session must end.
    Reused(Session),
    /// No such session, an ended one, or a token that never was one of its.
    Unknown,
}

/// Where signed-in devices are kept. Every method fails with 503 while the store cannot be reached.
pub trait SessionStore {
    /// Stores a new session.
    fn open(&self, session: &NewSession) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// The session, unless it has ended by `now`.
    fn get(
        &self,
        user: UserId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<Session>, ApiError>> + Send;

    /// The [`NEWEST`] sessions of a player that have not ended by `now`, the newest first.
    fn list(&self, user: UserId, now: DateTime<Utc>) -> impl Future<Output = Result<Vec<Session>, ApiError>> + Send;

    /// Replaces a refresh token; of several at once exactly one does, the others are told of it.
    fn refresh(
        &self,
        user: UserId,
        session: SessionId,
        turn: &Turn,
    ) -> impl Future<Output = Result<Refreshed, ApiError>> + Send;

    /// Ends a session; whether there was one.
    fn revoke(&self, user: UserId, session: SessionId) -> impl Future<Output = Result<bool, ApiError>> + Send;

    /// Ends all sessions of a player but `except`; tells which.
    fn revoke_all(
        &self,
        user: UserId,
        except: Option<SessionId>,
    ) -> impl Future<Output = Result<Vec<SessionId>, ApiError>> + Send;
}

/// Where this deployment keeps its sessions, as SESSION_STORE says.
#[derive(Clone)]
pub enum Sessions {
    /// In the table `sessions`.
    Postgres(PostgresSessions),
    /// In a table of DynamoDB.
    Dynamo(DynamoSessions),
}

macro_rules! either {
    ($sessions:expr, $store:ident => $call:expr) => {
        match $sessions {
            Sessions::Postgres($store) => $call.await,
            Sessions::Dynamo($store) => $call.await,
        }
    };
}

impl SessionStore for Sessions {
    async fn open(&self, session: &NewSession) -> Result<(), ApiError> {
        either!(self, store => store.open(session))
    }

    async fn get(&self, user: UserId, session: SessionId, now: DateTime<Utc>) -> Result<Option<Session>, ApiError> {
        either!(self, store => store.get(user, session, now))
    }

    async fn list(&self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, ApiError> {
        either!(self, store => store.list(user, now))
    }

    async fn refresh(&self, user: UserId, session: SessionId, turn: &Turn) -> Result<Refreshed, ApiError> {
        either!(self, store => store.refresh(user, session, turn))
    }

    async fn revoke(&self, user: UserId, session: SessionId) -> Result<bool, ApiError> {
        either!(self, store => store.revoke(user, session))
    }

    async fn revoke_all(&self, user: UserId, except: Option<SessionId>) -> Result<Vec<SessionId>, ApiError> {
        either!(self, store => store.revoke_all(user, except))
    }
}

impl Ctx {
    /// Where this deployment keeps its sessions, for what belongs to no request.
    pub fn sessions(&self) -> Sessions {
        self.sessions_through(self.db())
    }

    /// Where this deployment keeps its sessions; if that is Postgres, by way of `db`.
    pub(crate) fn sessions_through(&self, db: &Db) -> Sessions {
        match self.dynamo() {
            Some(store) => Sessions::Dynamo(store.clone()),
            None => Sessions::Postgres(PostgresSessions(db.clone())),
        }
    }
}

impl Cx {
    /// Where this deployment keeps its sessions; statements count to this request.
    pub fn sessions(&self) -> Sessions {
        self.has_declared(SessionAccess::List);
        self.sessions_through(self.db())
    }

    /// What a route does not declare its function may not do on AWS. That is found out here, where the tests run.
    fn has_declared(&self, least: SessionAccess) {
        let route = self.gate.route();
        debug_assert!(route.sessions >= least, "{} needs .sessions(SessionAccess::{least:?})", route.id);
    }

    /// Stores a session, and says in Redis that it is good.
    ///
    /// # Errors
    /// 401 when the account is gone, 503 without the store.
    pub async fn open_session(&self, session: &NewSession) -> Result<(), ApiError> {
        self.has_declared(SessionAccess::Write);
        let store = self.sessions();
        store.open(session).await?;
        if let Sessions::Dynamo(store) = &store {
            self.keep_if_wanted(store, &session.session).await?;
        }
        let (user, now) = (session.session.user_id, self.now());
        for outlived in store.list(user, now).await?.iter().skip(MOST) {
            self.revoke_session(user, outlived.session_id).await?;
        }
        self.vouch_for(&session.session).await;
        Ok(())
    }

    /// DynamoDB knows nothing of accounts. One that was closed meanwhile may have had its sessions ended before this one was
    /// there; one that is closed from here on has them ended after.
    async fn keep_if_wanted(&self, store: &DynamoSessions, session: &Session) -> Result<(), ApiError> {
        if accounts::by_id(self.db(), session.user_id).await?.is_some() {
            return Ok(());
        }
        store.revoke(session.user_id, session.session_id).await?;
        Err(ApiError::account_gone())
    }

    /// Says in Redis that a session is good, unless it was revoked meanwhile; without Redis the store is asked each time.
    pub async fn vouch_for(&self, session: &Session) {
        self.gate.vouch(self, session.user_id, session.session_id).await;
    }

    /// Ends a session, at once and everywhere; whether there was one.
    ///
    /// # Errors
    /// 503 without the store; with CACHE_STRICT also when Redis cannot be told.
    pub async fn revoke_session(&self, user: UserId, session: SessionId) -> Result<bool, ApiError> {
        self.has_declared(SessionAccess::Write);
        let was_there = self.sessions().revoke(user, session).await?;
        // Also when there was none: the request before may have died between store and Redis.
        self.gate.revoked(self, user, &[session]).await?;
        Ok(was_there)
    }

    /// Ends all sessions of a player but `except`, at once and everywhere; how many there were.
    ///
    /// # Errors
    /// As [`Cx::revoke_session`].
    pub async fn revoke_sessions(&self, user: UserId, except: Option<SessionId>) -> Result<usize, ApiError> {
        self.has_declared(SessionAccess::Write);
        let store = self.sessions();
        // Redis first: where it must be told and cannot be, the sessions are still there for the request's repetition.
        let standing = store.list(user, self.now()).await?;
        let standing: Vec<_> =
            standing.iter().map(|session| session.session_id).filter(|id| Some(*id) != except).collect();
        self.gate.revoked(self, user, &standing).await?;
        let ended = store.revoke_all(user, except).await?;
        // Again for what was opened in between.
        let since: Vec<_> = ended.iter().copied().filter(|id| !standing.contains(id)).collect();
        self.gate.revoked(self, user, &since).await?;
        Ok(ended.len())
    }
}
