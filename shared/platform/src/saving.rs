//! Moments of a life that are kept: sealed so that a flipped byte is noticed, and given back as a life of its own, so that
//! the past is never overwritten (docs/adr/0030-saves.md).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use engine::{Content, ContentHash, EventRecord, InputError, Life, RULES_VERSION, Status};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    branching,
    cache::{
        aggregate,
        compress::{Compress, UnpackError, pack, unpack},
    },
    ctx::Cx,
    error::{ApiError, Code},
    http::{
        envelope::{Answer, Reply},
        idem::Idem,
    },
    ids::{CharacterId, SaveId, UserId},
    store::{
        idempotency,
        lives::Standing,
        saves::{self, Found},
        state,
    },
    text::Text,
    view::{BegunOut, SaveOut},
};

/// Saves a player may make of one life, beside the quick one and those the game makes by itself.
pub const MOST_MANUAL: i64 = 1_000;

/// Most that a snapshot may unpack to, bytes. A life of a hundred years takes some 100 KB.
const STATE_LIMIT: usize = 4 << 20;

/// Why a moment was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SaveType {
    /// A new part of life began.
    Auto,
    /// The player wanted it.
    Manual,
    /// Something happened that happens once.
    Milestone,
}

impl SaveType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Manual, Self::Milestone];

    /// The word clients and the database use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
            Self::Milestone => "milestone",
        }
    }
}

/// What a player says of a save.
#[derive(Debug, Default)]
pub struct Wishes {
    /// 1-40 characters.
    pub name: Option<String>,
    /// Up to 200 characters.
    pub description: Option<String>,
    /// Into the quick slot, over what is there.
    pub is_quick: bool,
}

/// A kept moment about to be stored: a row of `game_saves`, as JSON, without what its statement knows.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the columns of `game_saves`")]
pub struct Kept {
    pub save_id: SaveId,
    pub save_type: SaveType,
    pub is_quick: bool,
    pub save_name: Option<String>,
    pub description: Option<String>,
    pub event_id: Option<String>,
    pub age: u16,
    pub year: u16,
    pub life_stage: &'static str,
    pub happiness: u8,
    pub physical: u8,
    pub entries: u32,
    /// Base64.
    snapshot: String,
    /// Hex.
    digest: String,
    /// Hex.
    content_hash: String,
    rules_version: u32,
}

impl Kept {
    /// A moment of `character`.
    ///
    /// # Errors
    /// 500 when the life cannot be written as JSON, which only a faulty `Serialize` does.
    pub fn of(
        cx: &Cx,
        character: CharacterId,
        save_type: SaveType,
        life: &Life,
        recent: &[EventRecord],
    ) -> Result<Self, ApiError> {
        let sealed = Sealed::of(character, life, recent)?;
        Ok(Self {
            save_id: SaveId(cx.new_id()),
            save_type,
            is_quick: false,
            save_name: None,
            description: None,
            event_id: None,
            age: life.age,
            year: life.year,
            life_stage: life.stage.as_str(),
            happiness: life.happiness,
            physical: life.health.physical,
            entries: sealed.entries,
            snapshot: BASE64_STANDARD.encode(&sealed.snapshot),
            digest: hex::encode(sealed.digest),
            content_hash: hex::encode(sealed.content_hash.0),
            rules_version: sealed.rules_version,
        })
    }
}

/// A state under seal.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) entries: u32,
    pub(crate) snapshot: Vec<u8>,
    pub(crate) digest: [u8; 32],
    pub(crate) content_hash: ContentHash,
    pub(crate) rules_version: u32,
}

/// A save that is not what it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error("its digest does not fit")]
    Broken,
    #[error("it does not unpack: {0}")]
    Packed(#[from] UnpackError),
    #[error("it does not read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("it belongs to another place in the log")]
    Misplaced,
}

impl Sealed {
    fn of(character: CharacterId, life: &Life, recent: &[EventRecord]) -> Result<Self, ApiError> {
        let mut sealed = Self {
            entries: life.next_entry_seq,
            snapshot: pack(&state::encode(life, recent)?, Compress::Lz4).into(),
            digest: [0; 32],
            content_hash: Content::builtin().hash(),
            rules_version: RULES_VERSION,
        };
        sealed.digest = sealed.digest_for(character);
        Ok(sealed)
    }

    /// SHA-256 over the snapshot and what says whose it is and when.
    fn digest_for(&self, character: CharacterId) -> [u8; 32] {
        let mut sha = Sha256::new();
        sha.update(character.0);
        sha.update(self.entries.to_le_bytes());
        sha.update(self.content_hash.0);
        sha.update(self.rules_version.to_le_bytes());
        sha.update(&self.snapshot);
        sha.finalize().into()
    }

    /// The life and the events of its present year, exactly as they were sealed.
    pub(crate) fn open(&self, character: CharacterId) -> Result<(Life, Vec<EventRecord>), SealError> {
        if self.digest_for(character) != self.digest {
            return Err(SealError::Broken);
        }
        let state = unpack(&self.snapshot, STATE_LIMIT)?;
        let (life, recent) = state::decode(&state)?;
        if life.next_entry_seq == self.entries { Ok((life, recent)) } else { Err(SealError::Misplaced) }
    }
}

/// Why a save cannot be made or loaded.
#[derive(Debug)]
pub enum SaveError {
    /// There is no such save, or it is someone else's.
    NoSuchSave,
    /// Its bytes are not what they were.
    Damaged,
    /// There are [`MOST_MANUAL`] already.
    Full,
    /// The life cannot be gone on with.
    NotAlive(InputError),
}

impl From<SaveError> for ApiError {
    fn from(error: SaveError) -> Self {
        let conflict = |en, zh| Self::new(Code::Conflict, Text::new(en, zh));
        match error {
            SaveError::NoSuchSave => Self::not_found(Text::new("There is no such save.", "没有这个存档。")),
            SaveError::Damaged => {
                conflict("This save is damaged and cannot be loaded.", "存档已损坏，无法读取。").reason("SAVE_DAMAGED")
            }
            SaveError::Full => conflict(
                "This life has as many saves as it may have; delete some first.",
                "这段人生的存档数量已达上限，请先删除一些。",
            )
            .reason("QUOTA_REACHED")
            .detail("limit", MOST_MANUAL),
            SaveError::NotAlive(InputError::NotStarted) => {
                conflict("This life has not begun; there is nothing to save.", "这段人生尚未开始，无可存档。")
                    .reason("NOT_STARTED")
            }
            SaveError::NotAlive(_) => conflict(
                "This life is over; go another way from an earlier save.",
                "这段人生已经结束，请从更早的存档继续。",
            )
            .reason("LIFE_ENDED"),
        }
    }
}

/// Keeps the life of `character` as it stands at version `expected`; a repeated request gets the first answer.
///
/// # Errors
/// 404, 409 when the life is not under way or has too many saves, 412 when it has moved on, 422 KEY_REUSED, 503 without
/// Postgres.
pub async fn keep(cx: &Cx, idem: &Idem, character: CharacterId, expected: i64, wishes: Wishes) -> Reply<SaveOut> {
    let standing = cx.read(aggregate::Life(idem.user, character)).await?.ok_or_else(ApiError::no_such_character)?;
    if let Err(refused) = standing.at_version(expected).and_then(under_way) {
        return idempotency::first_answer_or(cx, idem, refused).await;
    }
    let mut kept = Kept::of(cx, character, SaveType::Manual, &standing.life, &standing.recent)?;
    (kept.save_name, kept.description, kept.is_quick) = (wishes.name, wishes.description, wishes.is_quick);
    let now = cx.now();
    let out = SaveOut::of(cx, &saves::Save::of(&kept, &standing, now));
    saves::create(cx, idem, &standing, (&kept, now), Answer::created(&out)?).await
}

fn under_way(standing: &Standing) -> Result<&Standing, ApiError> {
    match standing.life.status {
        Status::Alive => Ok(standing),
        Status::Draft => Err(SaveError::NotAlive(InputError::NotStarted).into()),
        Status::Dead => Err(SaveError::NotAlive(InputError::LifeEnded).into()),
    }
}

/// Begins a life that goes on where a save of `parent` stands: `which`, or the one in the quick slot. It needs no replay,
/// so it also gives back what was lived under rules that are no more.
///
/// # Errors
/// 404, 409 SAVE_DAMAGED or QUOTA_REACHED, 412 when `expected` is given and the life has moved on, 422 KEY_REUSED, 503
/// without Postgres.
pub async fn load(
    cx: &Cx,
    idem: &Idem,
    parent: CharacterId,
    which: Option<SaveId>,
    expected: Option<i64>,
) -> Reply<BegunOut> {
    let standing = cx.read(aggregate::Life(idem.user, parent)).await?.ok_or_else(ApiError::no_such_character)?;
    if let Some(Err(moved_on)) = expected.map(|expected| standing.at_version(expected)) {
        return idempotency::first_answer_or(cx, idem, moved_on).await;
    }
    match opened(cx, idem.user, parent, which).await? {
        Ok((_, (life, recent))) => branching::part(cx, idem, &standing, life, recent).await,
        Err(refused) => idempotency::first_answer_or(cx, idem, refused).await,
    }
}

/// A life with the events of its present year.
pub type Moment = (Life, Vec<EventRecord>);

/// A save and what is in it, or why that cannot be had.
///
/// # Errors
/// 503 without Postgres.
pub async fn opened(
    cx: &Cx,
    user: UserId,
    character: CharacterId,
    which: Option<SaveId>,
) -> Result<Result<(saves::Save, Moment), SaveError>, ApiError> {
    let Some(Found { save, sealed, link }) = saves::find(cx.db(), user, character, which).await? else {
        return Ok(Err(SaveError::NoSuchSave));
    };
    let opened = sealed.open(character);
    let opened =
        opened.and_then(|moment| if link == Some(moment.0.head) { Ok(moment) } else { Err(SealError::Misplaced) });
    Ok(opened.map(|moment| (save, moment)).map_err(|error| {
        tracing::error!(character_id = %character, error = %error, "a save is damaged");
        SaveError::Damaged
    }))
}

#[cfg(test)]
mod tests {
    use engine::{LifeSpec, Mortality, Seed, YearInput};
    use uuid::Uuid;

    use super::*;

    fn life() -> Life {
        let content = Content::builtin();
        let spec = LifeSpec {
            name: "林安".to_owned(),
            country: "CN".to_owned(),
            birth_year: 1962,
            gender: None,
            ethnicity: None,
            mortality: Mortality::default(),
            ranked: true,
            content_filter: Vec::new(),
        };
        let mut life = engine::new_life(content, spec, Seed([7; 16])).expect("a life");
        life = engine::start(content, &life).expect("a start").life;
        for _ in 0..20 {
            let input = YearInput { mode: engine::Mode::Steady, on_pending: engine::OnPending::Default };
            life = engine::advance(content, &life, input).expect("a year").life;
        }
        life
    }

    #[test]
    fn a_save_gives_back_what_was_kept() {
        let (character, life) = (CharacterId(Uuid::from_u128(1)), life());
        let sealed = Sealed::of(character, &life, &[]).expect("sealed");
        assert_eq!(sealed.open(character).expect("opened"), (life, Vec::new()));
        let whole = serde_json::to_vec(&sealed.open(character).expect("opened").0).expect("JSON").len();
        assert!(sealed.snapshot.len() * 3 < whole * 2, "{} of {whole} bytes", sealed.snapshot.len());
        assert!(matches!(sealed.open(CharacterId(Uuid::from_u128(2))), Err(SealError::Broken)), "another life's");
    }

    #[test]
    fn a_save_flipped_in_any_byte_is_refused() {
        let character = CharacterId(Uuid::from_u128(1));
        let sealed = Sealed::of(character, &life(), &[]).expect("sealed");
        let mut flipped = sealed.clone();
        for place in 0..sealed.snapshot.len() {
            for mask in [1, 0x80, 0xff] {
                flipped.snapshot[place] ^= mask;
                assert!(matches!(flipped.open(character), Err(SealError::Broken)), "byte {place} of the snapshot");
                flipped.snapshot[place] ^= mask;
            }
        }
        for place in 0..32 {
            let mut digest = sealed.clone();
            digest.digest[place] ^= 1;
            let mut content = sealed.clone();
            content.content_hash.0[place] ^= 1;
            assert!(digest.open(character).is_err() && content.open(character).is_err(), "byte {place}");
        }
        for place in 0..32 {
            flipped.entries ^= 1 << place;
            assert!(flipped.open(character).is_err(), "bit {place} of the place in the log");
            flipped.entries ^= 1 << place;
        }
        for length in 0..sealed.snapshot.len() {
            flipped.snapshot.truncate(length);
            assert!(flipped.open(character).is_err(), "cut at {length}");
            flipped.snapshot.clone_from(&sealed.snapshot);
        }
        assert!(flipped.open(character).is_ok());
    }
}
