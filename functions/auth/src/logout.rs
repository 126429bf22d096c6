//! Sign this device out, or every one.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, Cx, Reply, Route,
    auth::Player,
    http::{Broken, FieldErrors, Query},
    route::SessionAccess,
    text::Text,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{self, Event, Kind};

/// `POST /api/v1/auth/logout`.
pub const ROUTE: Route = Route::post("auth-logout", "/api/v1/auth/logout")
    .sessions(SessionAccess::Write)
    .docs(|operation| {
        operation
            .about("Sign out", "Ends this session at once: neither of its tokens is good any more.")
            .query("all", "`true` ends every session of the account.")
            .answers::<Ended>(200, "Signed out.")
    })
    .build(|| post(logout));

#[derive(Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct LogoutQuery {
    #[deserr(default)]
    all: Option<Flag>,
}

/// `true` or `false`.
#[derive(Deserr)]
#[deserr(try_from(&String) = Flag::parse -> Broken)]
struct Flag(bool);

impl Flag {
    fn parse(text: &str) -> Result<Self, Broken> {
        let flag = text.parse().map(Self);
        flag.map_err(|_| Broken::new("one_of", Text::new("Must be true or false.", "必须是 true 或 false。")))
    }
}

/// What was ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ended {
    /// How many sessions.
    pub(crate) sessions_ended: usize,
}

async fn logout(me: Player, cx: Cx, Query(query): Query<LogoutQuery>) -> Reply<Ended> {
    let sessions_ended = match query.all {
        Some(Flag(true)) => cx.revoke_sessions(me.id, None).await?,
        _ => usize::from(cx.revoke_session(me.id, me.session_id).await?),
    };
    audit::record(&cx, Event::ok(Kind::Logout).user(me.id).session(me.session_id));
    Answer::ok(&Ended { sessions_ended })
}
