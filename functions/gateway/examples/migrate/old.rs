//! The release before, going on: its very statements, on connections of its own, with lives that today's engine lives.
#![expect(
    clippy::disallowed_methods,
    reason = "that release is played from outside: it has no Ctx to ask for ids and the time"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use chrono::Utc;
use engine::{Content, LifeSpec, OnPending, Seed, Status, Step, YearInput};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, Row as _, types::Json};
use uuid::Uuid;

use super::Counts;
use super::statements::{
    APPEND, CHARACTER_LIST, CREATE_CHARACTER, EVENTS_NEWEST, EVENTS_OLDEST, LIFE, LIFE_LOG, OPEN_SESSION, REGISTER,
    ROSTER, STORED_ANSWER, USER_BY_ID, USER_BY_IDENTIFIER, VERSION, bind_append, keyed, statement,
};

/// A life of that release is left after so many years, so that characters are dealt all the time.
const YEARS: u32 = 12;
/// Between two statements of one connection.
const PAUSE: Duration = Duration::from_millis(10);
/// No statement of that release may wait for a lock for longer: its players would wait with it.
pub(super) const LOCK_BOUND: Duration = Duration::from_secs(2);

/// One process of that release, with one connection.
pub(super) struct Old {
    db: PgConnection,
    counts: Arc<Counts>,
    number: u64,
    next: u64,
}

impl Old {
    pub(super) async fn connect(url: &str, number: u64, counts: Arc<Counts>) -> Result<Self> {
        let mut db = PgConnection::connect(url).await?;
        let bound = format!("SET lock_timeout = '{}ms'", LOCK_BOUND.as_millis());
        sqlx::raw_sql(sqlx::AssertSqlSafe(bound)).execute(&mut db).await?;
        Ok(Self { db, counts, number, next: 0 })
    }

    /// Plays for new accounts, or for one that exists, until all is over.
    pub(super) async fn serve(mut self, account: Option<Uuid>) {
        while !self.counts.old_is_gone() {
            let served = match account {
                Some(user) => self.play(user).await,
                None => self.newcomer().await,
            };
            if let Err(error) = served {
                self.counts.old_failed(format!("the release before: {error:#}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// One more number that nobody else has.
    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.number * 1_000_000 + self.next
    }

    /// Counts a statement that went well, and how long it took.
    async fn done(&self, since: Instant) {
        self.counts.old_did(since.elapsed());
        tokio::time::sleep(PAUSE).await;
    }

    async fn newcomer(&mut self) -> Result<()> {
        let (user, number) = (Uuid::now_v7(), self.fresh());
        let (name, now) = (format!("old_{number}"), Utc::now());
        let in_a_month = now + chrono::TimeDelta::days(30);
        let since = Instant::now();
        let registered = statement(REGISTER)
            .bind(user)
            .bind(&name)
            .bind(None::<String>)
            .bind(false)
            .bind("en")
            .bind(1_i64)
            .bind(now)
            .bind("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$Y2Fubm90IGJlIHJpZ2h0")
            .bind(Uuid::new_v4())
            .bind(Uuid::new_v4().as_bytes().repeat(2))
            .bind(in_a_month)
            .bind("web")
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(now);
        let made: i64 = registered.fetch_one(&mut self.db).await.context("register")?.get(0);
        ensure!(made == 1, "an account was not made");
        self.done(since).await;

        let since = Instant::now();
        let session = statement(OPEN_SESSION).bind(user).bind(Uuid::new_v4()).bind(Uuid::new_v4().as_bytes().repeat(2));
        let session = session.bind(in_a_month).bind("web").bind(None::<String>).bind(None::<String>).bind(now);
        session.execute(&mut self.db).await.context("open_session")?;
        self.done(since).await;

        for read in [statement(USER_BY_IDENTIFIER).bind(&name), statement(USER_BY_ID).bind(user)] {
            let since = Instant::now();
            let found = read.fetch_optional(&mut self.db).await.context("user")?;
            ensure!(found.is_some(), "an account is not found");
            self.done(since).await;
        }
        self.play(user).await
    }

    /// Deals one character and lives some of its years.
    async fn play(&mut self, user: Uuid) -> Result<()> {
        let (character, number, content) = (Uuid::now_v7(), self.fresh(), Content::builtin());
        let spec = LifeSpec {
            name: "Ana".to_owned(),
            country: "PT".to_owned(),
            birth_year: 1901,
            gender: None,
            ethnicity: None,
            mortality: engine::Mortality::default(),
            ranked: true,
            content_filter: Vec::new(),
        };
        let mut life = engine::new_life(content, spec, Seed(u128::from(number).to_be_bytes()))?;
        let birth = engine::birth_entry(content, &life);
        let key = format!("old-{number}");
        let a = life.attributes;
        let since = Instant::now();
        let dealt = keyed(CREATE_CHARACTER, user, "character-create", &key, Utc::now())
            .bind(character)
            .bind("Ana")
            .bind("PT")
            .bind(1901_i16)
            .bind(true);
        let dealt = [a.intelligence, a.constitution, a.charisma, a.willpower, a.creativity]
            .into_iter()
            .fold(dealt, |query, value| query.bind(i16::from(value)));
        let dealt = dealt
            .bind(json!({"life": life, "recent": []}).to_string().into_bytes())
            .bind(i32::try_from(birth.seq)?)
            .bind(Json(&birth.input))
            .bind(&birth.outcome)
            .bind(birth.content_hash.0.as_slice())
            .bind(i32::try_from(birth.rules_version)?)
            .bind(birth.hash.as_slice());
        let applied: bool = dealt.fetch_one(&mut self.db).await.context("create_character")?.get("applied");
        ensure!(applied, "a character was not dealt");
        self.done(since).await;

        let mut version = 1_i64;
        for year in 0..YEARS {
            let step = match year {
                0 => engine::start(content, &life)?,
                _ if life.status == Status::Dead => break,
                _ => engine::advance(
                    content,
                    &life,
                    YearInput { mode: engine::Mode::Steady, on_pending: OnPending::Default },
                )?,
            };
            self.append(user, character, version, &step).await?;
            version += 1;
            life = step.life;
            self.read(user, character, version, &life).await?;
            if self.counts.old_is_gone() {
                break;
            }
        }
        Ok(())
    }

    async fn append(&mut self, user: Uuid, character: Uuid, version: i64, step: &Step) -> Result<()> {
        let key = format!("{character}-{version}");
        let since = Instant::now();
        let query = keyed(APPEND, user, "game-advance", &key, Utc::now());
        let query = bind_append(query, character, version, &step.life, &step.entry, &step.events);
        let applied: bool = query.fetch_one(&mut self.db).await.context("append")?.get("applied");
        ensure!(applied, "a year was not stored");
        self.done(since).await;
        let since = Instant::now();
        let stored = statement(STORED_ANSWER).bind(user).bind("game-advance").bind(&key);
        let status: i16 = stored.fetch_one(&mut self.db).await.context("stored_answer")?.get("status");
        ensure!(status == 200, "an answer was not stored");
        self.done(since).await;
        Ok(())
    }

    /// Reads what was just written, in each of that release's ways.
    async fn read(&mut self, user: Uuid, character: Uuid, version: i64, life: &engine::Life) -> Result<()> {
        let since = Instant::now();
        let row = statement(LIFE).bind(character).bind(user).fetch_one(&mut self.db).await.context("life")?;
        let state: Value = serde_json::from_slice(row.get("state"))?;
        ensure!(row.get::<i64, _>("version") == version, "a life is at another version than {version}");
        ensure!(serde_json::from_value::<engine::Life>(state["life"].clone())? == *life, "a life is another one");
        self.done(since).await;

        let (born, moved): (chrono::DateTime<Utc>, chrono::DateTime<Utc>) =
            (row.get("created_at"), row.get("updated_at"));
        let since = Instant::now();
        let log = statement(LIFE_LOG).bind(character).bind(user).fetch_all(&mut self.db).await.context("life_log")?;
        ensure!(i64::try_from(log.len())? == version, "a log has {} entries at version {version}", log.len());
        self.done(since).await;
        for sql in [EVENTS_NEWEST, EVENTS_OLDEST] {
            let since = Instant::now();
            let page = statement(sql).bind(character).bind(born).bind(moved);
            let page = page.bind(None::<i16>).bind(None::<String>).bind(None::<i32>).bind(51_i64);
            page.fetch_all(&mut self.db).await.context("events")?;
            self.done(since).await;
        }
        for read in [
            statement(CHARACTER_LIST).bind(user).bind(None::<Uuid>).bind(21_i64),
            statement(ROSTER).bind(user).bind(102_i64),
            statement(VERSION).bind(character).bind(user),
        ] {
            let since = Instant::now();
            let rows = read.fetch_all(&mut self.db).await.context("lists")?;
            ensure!(!rows.is_empty(), "a list is empty");
            self.done(since).await;
        }
        Ok(())
    }

    /// What the other release wrote is understood by this one: a life by its id.
    pub(super) async fn understands(&mut self, user: Uuid, character: Uuid) -> Result<()> {
        let row = statement(LIFE).bind(character).bind(user).fetch_one(&mut self.db).await.context("life")?;
        let state: Value = serde_json::from_slice(row.get("state"))?;
        serde_json::from_value::<engine::Life>(state["life"].clone()).context("a life of the new release")?;
        let row = statement(ROSTER).bind(user).bind(102_i64).fetch_one(&mut self.db).await.context("roster")?;
        let Json(listed): Json<Value> = row.get("characters");
        ensure!(listed.as_array().is_some_and(|listed| !listed.is_empty()), "the list of characters is empty");
        Ok(())
    }
}
