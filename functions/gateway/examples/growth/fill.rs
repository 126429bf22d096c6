//! Other people's lives, by the million: copies of a real one under other names, made by the server.

use anyhow::Result;
use sqlx::PgConnection;

/// Events of one life.
const EVENTS_A_LIFE: u64 = 100;
/// Lives of one statement: enough to be quick, few enough to see it move.
const BATCH: u64 = 2_000;
/// Players who came, made a character and left: even the smallest tables are too big to be read whole.
const VISITORS: i64 = 20_000;

/// A player and a draft each, without events. Numbers are negative, so that they meet nobody else's.
pub(crate) async fn first_visitors(admin: &mut PgConnection) -> Result<()> {
    lives(admin, -VISITORS, -1, 0).await
}

/// Adds lives of [`EVENTS_A_LIFE`] until there are so many events.
pub(crate) async fn up_to(admin: &mut PgConnection, events: u64) -> Result<()> {
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM lives WHERE version = 2").fetch_one(&mut *admin).await?;
    let (mut next, wanted) = (u64::try_from(there)?, events / EVENTS_A_LIFE);
    while next < wanted {
        let last = (next + BATCH).min(wanted);
        lives(admin, i64::try_from(next)? + 1, i64::try_from(last)?, EVENTS_A_LIFE).await?;
        next = last;
    }
    Ok(())
}

/// Lives number `first` to `last`, five to a player, over the years of all partitions. Ids rise with time, as UUIDv7 do.
/// Made lives have version 2 when they have events and 1 when they have none; a real one that moved has more.
async fn lives(admin: &mut PgConnection, first: i64, last: i64, events: u64) -> Result<()> {
    const SQL: &str = "
        WITH sample AS MATERIALIZED (
            SELECT character_id, state FROM lives WHERE version > 2 ORDER BY version DESC, character_id LIMIT 1
        ), happened AS MATERIALIZED (
            SELECT row_number() OVER () AS place, count(*) OVER () AS places, age, event_id, event_type, record
            FROM events WHERE character_id = (SELECT character_id FROM sample)
        ), logged AS MATERIALIZED (
            SELECT * FROM life_log WHERE character_id = (SELECT character_id FROM sample) ORDER BY seq LIMIT 10
        ), born AS MATERIALIZED (
            SELECT n, at, floor(n / 5.0)::int8 AS player,
                   (lpad(to_hex((extract(epoch FROM at) * 1000)::int8), 12, '0') || substr(md5(n::text), 1, 20))::uuid AS id
            FROM generate_series($1, $2) n,
                 LATERAL (SELECT timestamptz '2024-01-10' + make_interval(days => (abs(n) * 7919 % 860)::int, secs => abs(n) % 80000)) t (at)
        ), players AS (
            INSERT INTO users (user_id, username, is_guest, locale, created_at, updated_at)
            SELECT md5('player ' || player)::uuid, 'player ' || player, false, 'zh-CN', min(at), min(at)
            FROM born GROUP BY player ON CONFLICT DO NOTHING
        ), people AS (
            INSERT INTO characters
                (character_id, user_id, lineage_id, character_name, birth_country, birth_year, ranked, created_at)
            SELECT id, md5('player ' || player)::uuid, id, '某人', 'CN', 1962, false, at FROM born
        ), attributes AS (
            INSERT INTO character_attributes
            SELECT id, n % 100, n % 90, n % 80, n % 70, n % 60 FROM (SELECT id, abs(n) AS n FROM born) b
        ), standing AS (
            INSERT INTO lives (character_id, user_id, version, status, age, state, updated_at)
            SELECT id, md5('player ' || player)::uuid, CASE $3 WHEN 0 THEN 1 ELSE 2 END, 'alive', 60, state,
                   at + interval '5 hours'
            FROM born, sample
        ), log AS (
            INSERT INTO life_log
            SELECT b.id, l.seq, l.version, l.age, l.input, l.outcome, l.content_hash, l.rules_version, l.hash, b.at
            FROM born b, logged l WHERE $3 > 0
        ), answered AS (
            INSERT INTO idempotency_keys (user_id, route, key, request_hash, status, body, locale, created_at)
            SELECT md5('player ' || player)::uuid, 'game-advance', n::text, sha256(''), 200, state, 'zh-CN', at
            FROM born, sample WHERE $3 > 0
        )
        INSERT INTO events (character_id, seq, age, event_id, event_type, record, created_at)
        SELECT b.id, seq, seq * 6 / 10, h.event_id, h.event_type, h.record, b.at + make_interval(mins => seq::int)
        FROM born b, generate_series(1, $3) seq JOIN happened h ON h.place = seq % h.places + 1";
    sqlx::query(SQL).bind(first).bind(last).bind(i64::try_from(events)?).execute(admin).await?;
    Ok(())
}

/// Statistics and hint bits as autovacuum would leave them.
pub(crate) async fn settle(admin: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql("VACUUM (ANALYZE)").execute(&mut *admin).await?;
    sqlx::raw_sql("CHECKPOINT").execute(admin).await?;
    Ok(())
}
