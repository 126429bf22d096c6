//! Who a player's characters are. Where each stands is in `lives`.

use chrono::{DateTime, Utc};
use engine::LifeSpec;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    idempotency,
    lives::{self, Append, Standing},
    once::{self, Done, and_key, prior},
    pool::Db,
    removal::why_refused,
    state::{self, encode},
    statement::Statement,
};
use crate::{
    cache::aggregate::{self, Aggregate as _, Loaded},
    ctx::Cx,
    dealing::Dealt,
    error::ApiError,
    http::{
        envelope::{Answer, Reply},
        idem::Idem,
    },
    ids::{CharacterId, UserId},
};

/// Characters a player may have at once, drafts, branches and the dead included; those given up do not count.
pub const MOST_CHARACTERS: i64 = 500;

pub(super) const CREATE: Statement = Statement::write(
    "character-create",
    concat!(
        prior!(),
        "owner AS (
            SELECT user_id FROM users
            WHERE user_id = $1 AND is_active AND NOT EXISTS (SELECT FROM prior) FOR NO KEY UPDATE
         ), born AS (
            INSERT INTO characters
                (character_id, user_id, lineage_id, parent_character_id, character_name, birth_country, birth_year,
                 ranked, created_at)
            SELECT $10, user_id, $27,
                   (SELECT p.character_id FROM characters p WHERE p.character_id = $28 AND p.user_id = owner.user_id),
                   $11, $12, $13, $14, $9
            FROM owner
            WHERE $29 > (SELECT count(*) FROM characters c WHERE c.user_id = owner.user_id AND c.is_active)
            RETURNING character_id
         ), attributes AS (
            INSERT INTO character_attributes
                (character_id, intelligence, constitution, charisma, willpower, creativity)
            SELECT character_id, $15, $16, $17, $18, $19 FROM born
         ), life AS (
            INSERT INTO lives (character_id, user_id, version, status, age, state, updated_at)
            SELECT character_id, $1, 1, 'draft', 0, $20, $9 FROM born
         ), entry AS (
            INSERT INTO life_log
                (character_id, seq, version, age, input, outcome, content_hash, rules_version, hash, created_at)
            SELECT character_id, $21, 1, 0, $22, $23, $24, $25, $26, $9 FROM born
         ), roster AS (
            UPDATE users SET roster_version = roster_version + 1
            FROM born WHERE user_id = $1
            RETURNING roster_version
         )",
        and_key!("born")
    ),
);

pub(super) const NEWEST: Statement = Statement::read(
    "character-list",
    "SELECT c.character_id, c.lineage_id, c.parent_character_id, c.character_name, c.birth_country, c.birth_year,
                c.ranked, l.status, l.age, l.version, c.created_at
         FROM characters c JOIN lives l USING (character_id)
         WHERE c.user_id = $1 AND c.is_active AND ($2::uuid IS NULL OR c.character_id < $2)
         ORDER BY c.character_id DESC
         LIMIT $3",
);

pub(super) const LISTED: Statement = Statement::read(
    "roster",
    "SELECT u.roster_version, newest.characters
         FROM users u, LATERAL (
            SELECT jsonb_agg(to_jsonb(row) ORDER BY row.character_id DESC) AS characters
            FROM (
                SELECT c.character_id, c.lineage_id, c.parent_character_id, c.character_name, c.birth_country,
                       c.birth_year, c.ranked, l.status, l.age, l.version, c.created_at
                FROM characters c JOIN lives l USING (character_id)
                WHERE c.user_id = u.user_id AND c.is_active
                ORDER BY c.character_id DESC
                LIMIT $2
            ) row
         ) newest
         WHERE u.user_id = $1 AND u.is_active",
);

/// A character as lists and pages show it.
#[derive(Debug, Clone, Serialize, Deserialize, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of `characters` and `lives`")]
pub struct Character {
    pub character_id: CharacterId,
    pub lineage_id: Uuid,
    pub parent_character_id: Option<CharacterId>,
    pub character_name: String,
    pub birth_country: String,
    pub birth_year: i16,
    pub ranked: bool,
    pub status: String,
    pub age: i16,
    pub version: i64,
    pub created_at: DateTime<Utc>,
}

/// Stores a new character with its dealt life and gives `answer`, in one statement; a repeated request gets the first
/// answer.
///
/// # Errors
/// 401 when the account is gone, 409 QUOTA_REACHED, 422 KEY_REUSED, 503 without Postgres.
pub async fn create<T: ?Sized>(cx: &Cx, idem: &Idem, new: &Dealt, answer: Answer<T>) -> Reply<T> {
    let Dealt { standing, birth } = new;
    let (life, id) = (&standing.life, standing.character_id);
    let attributes = life.attributes;
    let state = encode(life, &standing.recent)?;
    cx.fence(&[aggregate::Life(idem.user, id).id(), aggregate::Roster(idem.user).id()]).await?;
    let statement = once::statement(CREATE.sql, idem, &answer, standing.created_at)
        .bind(id)
        .bind(&life.spec.name)
        .bind(&life.spec.country)
        .bind(birth_year(&life.spec))
        .bind(life.spec.ranked)
        .bind(i16::from(attributes.intelligence))
        .bind(i16::from(attributes.constitution))
        .bind(i16::from(attributes.charisma))
        .bind(i16::from(attributes.willpower))
        .bind(i16::from(attributes.creativity))
        .bind(&state)
        .bind(lives::int4(birth.seq))
        .bind(sqlx::types::Json(&birth.input))
        .bind(&birth.outcome)
        .bind(birth.content_hash.0.as_slice())
        .bind(lives::int4(birth.rules_version))
        .bind(birth.hash.as_slice())
        .bind(standing.lineage_id)
        .bind(standing.parent_character_id)
        .bind(MOST_CHARACTERS);
    match once::run(cx, statement).await? {
        Done::Applied { roster_version } => {
            let value = state::stored(standing, &state)?;
            let news = [
                cx.news(aggregate::Life(idem.user, id), standing.version, Some(&value)),
                cx.patched(aggregate::Roster(idem.user), roster_version, |listed| listed.begin(standing)),
            ];
            cx.gate.publish(cx, &news).await?;
            Ok(answer)
        }
        Done::Replayed(stored) => stored.replay(idem),
        Done::Refused => match idempotency::find(cx, idem).await? {
            Some(first) => Ok(first),
            None => Err(why_refused(cx.db(), idem.user).await?.unwrap_or_else(ApiError::account_gone)),
        },
    }
}

/// Years of birth are at most 2050.
pub(super) fn birth_year(spec: &LifeSpec) -> i16 {
    lives::int2(spec.birth_year)
}

/// How many of a player's newest characters the list holds ready: the largest page, and one more.
const HELD: i64 = 101;

/// A player's newest characters, at one version of the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    /// Newest first.
    characters: Vec<Character>,
    /// Whether these are all.
    complete: bool,
}

impl Listed {
    /// One page: at most `limit` + 1, so that the caller sees whether more follow. `None` where it reaches beyond what is
    /// held; then [`newest`] knows.
    pub fn page(&self, before: Option<CharacterId>, limit: i64) -> Option<Vec<Character>> {
        let wanted = usize::try_from(limit + 1).unwrap_or_default();
        let older =
            self.characters.iter().filter(|character| before.is_none_or(|before| character.character_id < before));
        let page: Vec<_> = older.take(wanted).cloned().collect();
        (self.complete || page.len() == wanted).then_some(page)
    }

    /// Shows where a life stands after one more version. False when it is not shown here, or not at the version before.
    pub(super) fn move_on(&mut self, write: &Append<'_>) -> bool {
        let Append { from, life, .. } = write;
        let shown = self.characters.iter_mut().find(|shown| shown.character_id == from.character_id);
        let Some(shown) = shown.filter(|shown| shown.version == from.version) else { return false };
        shown.status = life.status.as_str().to_owned();
        shown.age = lives::int2(life.age);
        shown.version = from.version + 1;
        true
    }

    /// Shows a new character where its id puts it: clocks of containers differ, so it need not be the first. False when
    /// it is shown already.
    pub(super) fn begin(&mut self, new: &Standing) -> bool {
        let spec = &new.life.spec;
        let shown = self.characters.binary_search_by(|shown| new.character_id.cmp(&shown.character_id));
        let Err(place) = shown else { return false };
        let character = Character {
            character_id: new.character_id,
            lineage_id: new.lineage_id,
            parent_character_id: new.parent_character_id,
            character_name: spec.name.clone(),
            birth_country: spec.country.clone(),
            birth_year: birth_year(spec),
            ranked: new.is_ranked(),
            status: new.life.status.as_str().to_owned(),
            age: lives::int2(new.life.age),
            version: new.version,
            created_at: new.created_at,
        };
        self.characters.insert(place, character);
        self.keep_newest();
        true
    }

    /// Shows a draft as it was dealt again. False when it is not shown here, or not at the version before.
    pub(super) fn redeal(&mut self, new: &Standing) -> bool {
        let shown = self.characters.iter_mut().find(|shown| shown.character_id == new.character_id);
        let Some(shown) = shown.filter(|shown| shown.version + 1 == new.version) else { return false };
        let spec = &new.life.spec;
        shown.character_name.clone_from(&spec.name);
        (shown.ranked, shown.version) = (new.is_ranked(), new.version);
        true
    }

    /// Shows a character no more. False when it is not shown here, or another one, not held here, would now be.
    pub(super) fn give_up(&mut self, gone: CharacterId) -> bool {
        let before = self.characters.len();
        self.characters.retain(|shown| shown.character_id != gone);
        self.complete && self.characters.len() < before
    }

    /// Forgets what is more than the list holds.
    fn keep_newest(&mut self) {
        let held = usize::try_from(HELD).unwrap_or_default();
        self.complete &= self.characters.len() <= held;
        self.characters.truncate(held);
    }
}

/// A player's newest characters with the version of the list, as caches hold them. `None` when the account is gone.
pub(crate) async fn load_listed(db: &Db, user: UserId) -> Result<Option<Loaded>, ApiError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        roster_version: i64,
        #[sqlx(json(nullable))]
        characters: Option<Vec<Character>>,
    }
    let row: Option<Row> = sqlx::query_as(LISTED.sql).bind(user).bind(HELD + 1).fetch_optional(db).await?;
    let Some(row) = row else { return Ok(None) };
    let mut listed = Listed { characters: row.characters.unwrap_or_default(), complete: true };
    listed.keep_newest();
    let value = serde_json::to_vec(&listed).map_err(ApiError::internal)?;
    Ok(Some(Loaded { version: row.roster_version, value }))
}

/// One page of a player's characters, newest first: at most `limit` + 1, so that the caller sees whether more follow.
///
/// # Errors
/// 503 without Postgres.
pub async fn newest(
    db: &Db,
    user: UserId,
    before: Option<CharacterId>,
    limit: i64,
) -> Result<Vec<Character>, ApiError> {
    let page = sqlx::query_as(NEWEST.sql).bind(user).bind(before).bind(limit + 1).fetch_all(db).await?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use engine::{Life, Seed};
    use proptest::prelude::*;

    use super::*;

    fn life() -> Life {
        let spec = LifeSpec {
            name: "林安".to_owned(),
            country: "CN".to_owned(),
            birth_year: 1962,
            gender: None,
            ethnicity: None,
            mortality: engine::Mortality::default(),
            ranked: true,
            content_filter: Vec::new(),
        };
        engine::new_life(engine::Content::builtin(), spec, Seed([7; 16])).expect("a life")
    }

    fn standing(id: u128, version: i64) -> Standing {
        Standing {
            character_id: CharacterId(Uuid::from_u128(id)),
            lineage_id: Uuid::from_u128(id),
            parent_character_id: None,
            branched_at_age: None,
            rerolls_used: 0,
            version,
            life: life(),
            recent: Vec::new(),
            unlocks: Vec::new(),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn ids(listed: &Listed) -> Vec<u128> {
        listed.characters.iter().map(|shown| shown.character_id.0.as_u128()).collect()
    }

    fn empty() -> Listed {
        Listed { characters: Vec::new(), complete: true }
    }

    #[test]
    fn only_the_next_version_of_a_listed_life_is_shown() {
        let mut listed = empty();
        assert!(listed.begin(&standing(1, 1)));
        assert!(!listed.begin(&standing(1, 1)), "listed already");
        let after = Life { age: 9, ..life() };
        let mut move_on = |from: &Standing| listed.move_on(&Append { life: &after, ..Append::nothing(from) });
        assert!(!move_on(&standing(2, 1)), "not listed");
        assert!(!move_on(&standing(1, 2)), "a version was missed");
        assert!(move_on(&standing(1, 1)));
        assert!(!move_on(&standing(1, 1)), "moved on already");
        assert_eq!((listed.characters[0].age, listed.characters[0].version), (9, 2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn new_characters_stand_where_postgres_would_list_them(
            born in proptest::collection::hash_set(1..10_000_u128, 90..115),
        ) {
            let mut listed = empty();
            let born: Vec<u128> = born.into_iter().collect();
            for id in &born {
                prop_assert!(listed.begin(&standing(*id, 1)));
            }
            let mut newest = born.clone();
            newest.sort_unstable_by(|a, b| b.cmp(a));
            newest.truncate(101);
            prop_assert_eq!(ids(&listed), newest);
            prop_assert_eq!(listed.complete, born.len() <= 101);
        }
    }
}
