//! Everything we hold of a player, for the player.

use std::time::Duration;

use axum::routing::get;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use platform::{
    Answer, Cx, Reply, Route,
    auth::Player,
    cache::{limit::Quota, rate::Subject},
    http::{Broken, FieldErrors, Query, page::BAD_CURSOR},
    ids::CharacterId,
    route::{Cache, SessionAccess},
    session::{Session, SessionStore as _},
    store::export,
    text::Text,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::{self, Event, Kind},
    error::AccountError,
};

/// `GET /api/v1/auth/account`.
pub const ROUTE: Route = Route::get("auth-account-export", "/api/v1/auth/account")
    .cache(Cache::None)
    .memory_mb(512)
    .timeout_s(25)
    .sessions(SessionAccess::List)
    .docs(|operation| {
        operation
            .about(
                "Everything we hold of you",
                "As our tables have it: account, ways to sign in (without secrets), sessions, and a page of lives with \
                 their logs, events, decisions and relationships. Go on with `next_cursor` until it is null.",
            )
            .query("limit", "How many lives, 1..=10; 5 if not given.")
            .query("cursor", "`next_cursor` of the page before.")
            .answers::<AccountOut>(200, "A page of the export.")
    })
    .build(|| get(export));

/// Pages of one player: a page may take half a second of Postgres.
const EXPORTS: Quota = Quota::new("account-export", 30, Duration::from_secs(20));

#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct ExportQuery {
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Lives a page; a full one is some hundred kilobytes, and Lambda's answers end at six megabytes.
#[derive(Deserr)]
#[deserr(try_from(&String) = Limit::parse -> Broken)]
struct Limit(u8);

impl Limit {
    fn parse(text: &str) -> Result<Self, Broken> {
        let number = text.parse().ok().filter(|number| (1..=10).contains(number));
        number.map(Self).ok_or(Broken::new("range", Text::new("Must be 1 to 10.", "必须在 1 到 10 之间。")))
    }
}

/// The last life of the page before.
#[derive(Deserr)]
#[deserr(try_from(&String) = Cursor::parse -> Broken)]
struct Cursor(CharacterId);

impl Cursor {
    fn parse(text: &str) -> Result<Self, Broken> {
        Uuid::try_parse(text).map(|id| Self(CharacterId(id))).map_err(|_| BAD_CURSOR)
    }
}

/// A page of the export.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountOut {
    exported_at: DateTime<Utc>,
    /// Tables by name, as rows.
    #[schema(value_type = Object)]
    account: Box<RawValue>,
    #[schema(value_type = Vec<Object>)]
    sessions: Vec<Session>,
    /// Lives, oldest first: tables by name, as rows.
    #[schema(value_type = Vec<Object>)]
    lives: Vec<Box<RawValue>>,
    /// Hand back as `cursor` for the next lives; null on the last page.
    next_cursor: Option<String>,
}

async fn export(me: Player, cx: Cx, Query(query): Query<ExportQuery>) -> Reply<AccountOut> {
    let limit = query.limit.map_or(5, |Limit(limit)| limit);
    let after = query.cursor.map(|Cursor(id)| id);
    cx.limit(&EXPORTS, Subject::User(me.id)).await?;
    let account = export::account(cx.db(), me.id).await?.ok_or(AccountError::NoSuchUser)?;
    let sessions = cx.sessions().list(me.id, cx.now()).await?;
    let mut lives = export::lives(cx.db(), me.id, after, i64::from(limit) + 1).await?;
    let more = lives.len() > usize::from(limit);
    lives.truncate(limit.into());
    let next_cursor = lives.last().filter(|_| more).map(|(last, _)| last.0.simple().to_string());
    let lives = lives.into_iter().map(|(_, life)| life).collect();
    audit::record(&cx, Event::ok(Kind::AccountExport).user(me.id).session(me.session_id));
    Answer::ok(&AccountOut { exported_at: cx.now(), account, sessions, lives, next_cursor })
}
