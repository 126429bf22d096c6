//! Sessions in DynamoDB: one item a session, a player's sessions under one partition key.
//!
//! Every read is consistent, and every change is one conditional write, so DynamoDB itself decides between requests that
//! come at once. A write that is sent again because its answer was lost does no harm: the same item is put, an item that
//! is gone is deleted, and a turn finds its own mark and is told so ([`Refreshed::Again`]).

mod client;
mod item;

use std::{collections::HashMap, error::Error as StdError, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    operation::update_item::UpdateItemError,
    types::{
        AttributeValue, DeleteRequest, ReturnValue, ReturnValuesOnConditionCheckFailure as OnRefusal, WriteRequest,
    },
};
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{NEWEST, NewSession, Refreshed, Session, SessionStore, Turn, Turned, outcome};
use crate::{
    config::DynamoSettings,
    error::ApiError,
    ids::{SessionId, UserId},
};
use client::failed;

/// Items that one BatchWriteItem may delete.
const BATCH: usize = 25;

/// Times what a batch left undone is tried again, with a wait before each that doubles from [`FIRST_WAIT`].
const BATCH_TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// The table of sessions, and the client for it, which is built at first use. Cloning is one reference count.
#[derive(Clone)]
pub struct DynamoSessions(Arc<Inner>);

struct Inner {
    settings: DynamoSettings,
    client: OnceCell<Client>,
}

impl DynamoSessions {
    pub(crate) fn lazy(settings: DynamoSettings) -> Self {
        Self(Arc::new(Inner { settings, client: OnceCell::new() }))
    }

    async fn client(&self) -> &Client {
        self.0.client.get_or_init(|| Box::pin(client::build(&self.0.settings))).await
    }

    fn table(&self) -> &str {
        &self.0.settings.table
    }

    /// Asks for an item that does not exist: the cheapest thing that needs the table, the network and the right to read.
    pub(crate) async fn answers(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let request = self.client().await.get_item().table_name(self.table());
        let request = request.set_key(Some(item::key(UserId(Uuid::nil()), SessionId(Uuid::nil()))));
        Box::pin(request.send()).await.map(drop).map_err(Into::into)
    }

    /// The ids of all of a player's sessions, of ended ones too that DynamoDB has not deleted yet.
    async fn ids(&self, user: UserId) -> Result<Vec<SessionId>, ApiError> {
        let (mut ids, mut from) = (Vec::new(), None);
        loop {
            let request = self.client().await.query().table_name(self.table()).consistent_read(true);
            let request = request
                .key_condition_expression("user_id = :user")
                .expression_attribute_values(":user", item::id(user.0))
                .projection_expression("session_id")
                .set_exclusive_start_key(from);
            let page = Box::pin(request.send()).await.map_err(failed)?;
            for found in page.items() {
                ids.push(item::session_id(found).map_err(ApiError::internal)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(ids);
            }
        }
    }

    /// Deletes up to [`BATCH`] sessions, however often DynamoDB leaves some of them for later.
    async fn delete(&self, user: UserId, sessions: &[SessionId]) -> Result<(), ApiError> {
        let deletion = |session: &SessionId| {
            let request = DeleteRequest::builder().set_key(Some(item::key(user, *session))).build()?;
            Ok(WriteRequest::builder().delete_request(request).build())
        };
        let requests: Result<Vec<_>, aws_sdk_dynamodb::error::BuildError> = sessions.iter().map(deletion).collect();
        let mut left = HashMap::from([(self.table().to_owned(), requests.map_err(ApiError::internal)?)]);
        let mut wait = FIRST_WAIT;
        for _ in 0..BATCH_TRIES {
            let request = self.client().await.batch_write_item().set_request_items(Some(left));
            let done = Box::pin(request.send()).await.map_err(failed)?;
            left = done.unprocessed_items.unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Err(ApiError::unavailable(1, "DynamoDB left deletions of sessions undone"))
    }
}

impl SessionStore for DynamoSessions {
    async fn open(&self, session: &NewSession) -> Result<(), ApiError> {
        let request = self.client().await.put_item().table_name(self.table()).set_item(Some(item::of(session)));
        Box::pin(request.send()).await.map(drop).map_err(failed)
    }

    async fn get(&self, user: UserId, session: SessionId, now: DateTime<Utc>) -> Result<Option<Session>, ApiError> {
        let request = self.client().await.get_item().table_name(self.table()).set_key(Some(item::key(user, session)));
        let request = request.consistent_read(true).projection_expression(item::PUBLIC);
        let found = Box::pin(request.send()).await.map_err(failed)?.item;
        let found = found.map(|found| item::session(&found)).transpose().map_err(ApiError::internal)?;
        Ok(found.filter(|session| session.expires_at > now))
    }

    async fn list(&self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, ApiError> {
        let (mut sessions, mut from) = (Vec::new(), None);
        loop {
            let request = self.client().await.query().table_name(self.table()).consistent_read(true);
            let request = request
                .key_condition_expression("user_id = :user")
                .filter_expression("expires_us > :now")
                .expression_attribute_values(":user", item::id(user.0))
                .expression_attribute_values(":now", item::micros(now))
                .projection_expression(item::PUBLIC)
                // Session ids begin with the time they were made.
                .scan_index_forward(false)
                .limit(NEWEST)
                .set_exclusive_start_key(from);
            let page = Box::pin(request.send()).await.map_err(failed)?;
            for found in page.items() {
                sessions.push(item::session(found).map_err(ApiError::internal)?);
            }
            from = page.last_evaluated_key;
            // A page counts before it is filtered, so one may hold fewer than there are.
            let most = usize::try_from(NEWEST).unwrap_or(usize::MAX);
            if from.is_none() || sessions.len() >= most {
                sessions.truncate(most);
                return Ok(sessions);
            }
        }
    }

    async fn refresh(&self, user: UserId, session: SessionId, turn: &Turn) -> Result<Refreshed, ApiError> {
        let request = self.client().await.update_item().table_name(self.table());
        let request = request
            .set_key(Some(item::key(user, session)))
            // On the right stands what was there before; an item that is not there fulfils no condition.
            .update_expression(
                "SET replaced_hash = refresh_hash, refresh_hash = :next, turn_salt = :salt, refreshed_us = :now, \
                 expires_us = :ends, expires_at = :deleted",
            )
            .condition_expression("family_hash = :family AND refresh_hash = :presented AND expires_us > :now")
            .set_expression_attribute_values(Some(turn_values(turn)))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(OnRefusal::AllOld);
        let refused = match Box::pin(request.send()).await {
            Ok(done) => {
                let item = done.attributes.unwrap_or_default();
                return item::session(&item).map(Refreshed::Turned).map_err(ApiError::internal);
            }
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(refusal)) = refused.as_service_error() else {
            return Err(failed(refused));
        };
        let Some(found) = refusal.item() else { return Ok(Refreshed::Unknown) };
        let (session, kept) = item::kept(found).map_err(ApiError::internal)?;
        match outcome(session, &kept, turn) {
            Turned::Not(refreshed) => Ok(refreshed),
            // The item is of the very moment of the refusal, so nobody can have come in between.
            Turned::Retry => Err(ApiError::internal("DynamoDB refused a turn that its item allows")),
        }
    }

    async fn revoke(&self, user: UserId, session: SessionId) -> Result<bool, ApiError> {
        let request =
            self.client().await.delete_item().table_name(self.table()).set_key(Some(item::key(user, session)));
        let done = Box::pin(request.return_values(ReturnValue::AllOld).send()).await.map_err(failed)?;
        Ok(done.attributes.is_some())
    }

    async fn revoke_all(&self, user: UserId, except: Option<SessionId>) -> Result<Vec<SessionId>, ApiError> {
        let mut ids = self.ids(user).await?;
        ids.retain(|id| Some(*id) != except);
        for some in ids.chunks(BATCH) {
            self.delete(user, some).await?;
        }
        Ok(ids)
    }
}

fn turn_values(turn: &Turn) -> HashMap<String, AttributeValue> {
    let values = [
        (":family", item::bytes(&turn.family_hash)),
        (":presented", item::bytes(&turn.presented_hash)),
        (":next", item::bytes(&turn.next_hash)),
        (":salt", item::bytes(&turn.salt)),
        (":now", item::micros(turn.now)),
        (":ends", item::micros(turn.expires_at)),
        (":deleted", item::deleted_from(turn.expires_at)),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into()
}
