//! What is cached, each bound to the type of its value: a life, a player's list of characters, a profile. How each is
//! loaded stands in `store`; how it is kept fresh, in [`super::manager`].

use serde::de::DeserializeOwned;

use super::key::{AggregateId, Kind};
use crate::{
    error::ApiError,
    ids::{CharacterId, UserId},
    store::{
        Db,
        accounts::{self, User},
        characters::{self, Listed},
        lives::{self, Standing},
    },
};

/// What Postgres says of an aggregate: a version and the encoded value.
#[derive(Debug)]
pub struct Loaded {
    /// Raised by every write; 1 or more.
    pub version: i64,
    /// As JSON.
    pub value: Vec<u8>,
}

/// Something with one version, which every write raises by one.
pub trait Aggregate: Copy + Send + Sync {
    /// What readers get.
    type Value: DeserializeOwned + Send;

    /// Whose it is and which.
    fn id(self) -> AggregateId;

    /// Reads it from Postgres. `None` when it does not exist or is another player's.
    fn load(self, db: &Db) -> impl Future<Output = Result<Option<Loaded>, ApiError>> + Send;
}

/// One life of one player, as [`Standing`].
#[derive(Debug, Clone, Copy)]
pub struct Life(pub UserId, pub CharacterId);

impl Aggregate for Life {
    type Value = Standing;

    fn id(self) -> AggregateId {
        let Self(owner, CharacterId(id)) = self;
        AggregateId { kind: Kind::Life, owner, id }
    }

    async fn load(self, db: &Db) -> Result<Option<Loaded>, ApiError> {
        lives::load(db, self.0, self.1).await
    }
}

/// One player's newest characters, as [`Listed`].
#[derive(Debug, Clone, Copy)]
pub struct Roster(pub UserId);

impl Aggregate for Roster {
    type Value = Listed;

    fn id(self) -> AggregateId {
        own(Kind::Roster, self.0)
    }

    async fn load(self, db: &Db) -> Result<Option<Loaded>, ApiError> {
        characters::load_listed(db, self.0).await
    }
}

/// One player's account, as [`User`].
#[derive(Debug, Clone, Copy)]
pub struct Profile(pub UserId);

impl Aggregate for Profile {
    type Value = User;

    fn id(self) -> AggregateId {
        own(Kind::Profile, self.0)
    }

    async fn load(self, db: &Db) -> Result<Option<Loaded>, ApiError> {
        accounts::load(db, self.0).await
    }
}

/// What each player has one of.
fn own(kind: Kind, owner: UserId) -> AggregateId {
    let UserId(id) = owner;
    AggregateId { kind, owner, id }
}
