//! The devices one is signed in on.

use axum::routing::get;
use chrono::{DateTime, Utc};
use platform::{
    Answer, Cx, Reply, Route,
    auth::Player,
    ids::SessionId,
    route::{Cache, SessionAccess},
    session::{Session, SessionStore as _},
};
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /api/v1/auth/sessions`.
pub const ROUTE: Route = Route::get("auth-sessions", "/api/v1/auth/sessions")
    .cache(Cache::None)
    .sessions(SessionAccess::List)
    .docs(|operation| {
        operation
            .about("Where one is signed in", "The newest hundred sessions of the account, newest first.")
            .answers_list::<SessionRow>("The sessions.")
    })
    .build(|| get(sessions));

/// A signed-in device.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionRow {
    session_id: SessionId,
    /// Whether this request came from it.
    current: bool,
    platform: String,
    device_id: Option<String>,
    device_name: Option<String>,
    created_at: DateTime<Utc>,
    /// When it last asked for new tokens.
    refreshed_at: DateTime<Utc>,
    /// When it ends unless it asks again before.
    expires_at: DateTime<Utc>,
}

async fn sessions(me: Player, cx: Cx) -> Reply<Vec<SessionRow>> {
    let found = cx.sessions().list(me.id, cx.now()).await?;
    let row = |session: Session| SessionRow {
        current: session.session_id == me.session_id,
        session_id: session.session_id,
        platform: session.platform,
        device_id: session.device_id,
        device_name: session.device_name,
        created_at: session.created_at,
        refreshed_at: session.refreshed_at,
        expires_at: session.expires_at,
    };
    Answer::ok(&found.into_iter().map(row).collect())
}
