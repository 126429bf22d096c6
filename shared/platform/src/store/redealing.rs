//! A draft dealt again: until a life begins, its only entry in the log may be written anew.

use sqlx::types::Json;

use super::{
    characters::birth_year,
    lives::{self, Standing, first_answer_or_moved_on},
    once::{self, Done, and_key, prior},
    state::{self, encode},
    statement::Statement,
};
use crate::{
    cache::aggregate,
    ctx::Cx,
    dealing::Dealt,
    http::{
        envelope::{Answer, Reply},
        idem::Idem,
    },
};

pub(super) const REDEAL: Statement = Statement::write(
    "character-redeal",
    concat!(
        prior!(),
        "owner AS (
            SELECT user_id FROM users
            WHERE user_id = $1 AND is_active AND NOT EXISTS (SELECT FROM prior) FOR NO KEY UPDATE
         ), moved AS (
            UPDATE lives
            SET version = version + 1, state = $12, updated_at = greatest(updated_at, $9)
            FROM owner
            WHERE character_id = $10 AND lives.user_id = owner.user_id AND version = $11 AND status = 'draft'
            RETURNING character_id, lives.user_id, version
         ), named AS (
            UPDATE characters c SET character_name = $13, birth_country = $14, birth_year = $15, ranked = $16, rerolls_used = $17
            FROM moved WHERE c.character_id = moved.character_id
         ), attributes AS (
            UPDATE character_attributes a
            SET intelligence = $18, constitution = $19, charisma = $20, willpower = $21, creativity = $22
            FROM moved WHERE a.character_id = moved.character_id
         ), entry AS (
            UPDATE life_log e
            SET version = moved.version, input = $23, outcome = $24, content_hash = $25, rules_version = $26, hash = $27
            FROM moved WHERE e.character_id = moved.character_id AND e.seq = 0
         ), roster AS (
            UPDATE users SET roster_version = roster_version + 1
            FROM moved WHERE users.user_id = moved.user_id
            RETURNING roster_version
         )",
        and_key!("moved")
    ),
);

/// Stores a draft dealt again in place of `from` and gives `answer`, in one statement; a repeated request gets the first
/// answer.
///
/// # Errors
/// 412 when the draft is another by now, or has begun; 422 KEY_REUSED, 503 without Postgres.
pub async fn redeal<T: ?Sized>(cx: &Cx, idem: &Idem, from: &Standing, new: &Dealt, answer: Answer<T>) -> Reply<T> {
    let Dealt { standing, birth } = new;
    let (life, now) = (&standing.life, cx.now());
    let attributes = life.attributes;
    let state = encode(life, &standing.recent)?;
    let statement = once::statement(REDEAL.sql, idem, &answer, now)
        .bind(from.character_id)
        .bind(from.version)
        .bind(&state)
        .bind(&life.spec.name)
        .bind(&life.spec.country)
        .bind(birth_year(&life.spec))
        .bind(life.spec.ranked)
        .bind(lives::int2(standing.rerolls_used))
        .bind(i16::from(attributes.intelligence))
        .bind(i16::from(attributes.constitution))
        .bind(i16::from(attributes.charisma))
        .bind(i16::from(attributes.willpower))
        .bind(i16::from(attributes.creativity))
        .bind(Json(&birth.input))
        .bind(&birth.outcome)
        .bind(birth.content_hash.0.as_slice())
        .bind(lives::int4(birth.rules_version))
        .bind(birth.hash.as_slice());
    match once::run(cx, statement).await? {
        Done::Applied { roster_version } => {
            let value = state::stored(standing, &state)?;
            let news = [
                cx.news(aggregate::Life(idem.user, from.character_id), standing.version, Some(&value)),
                cx.patched(aggregate::Roster(idem.user), roster_version, |listed| listed.redeal(standing)),
            ];
            cx.gate.publish(cx, &news).await?;
            Ok(answer)
        }
        Done::Replayed(stored) => stored.replay(idem),
        Done::Refused => first_answer_or_moved_on(cx, idem, from).await,
    }
}
