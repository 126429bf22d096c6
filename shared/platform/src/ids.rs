//! Typed identifiers: a `CharacterId` can never be passed where a `UserId` is meant.

use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = Uuid, format = Uuid)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A person with an account, or a guest. UUIDv7.
    UserId
}
id! {
    /// One character, which is one life. UUIDv7.
    CharacterId
}
id! {
    /// One signed-in device. UUIDv7.
    SessionId
}
id! {
    /// A moment of a life that was kept. UUIDv7.
    SaveId
}

/// A person in a life, for clients: a UUIDv8 made of the character's id and the person's number in that life, so that
/// it is stable, and no other life has it.
pub fn person_id(character: CharacterId, number: u32) -> Uuid {
    use sha2::{Digest, Sha256};
    let digest = Sha256::new().chain_update(character.0).chain_update(number.to_be_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}
