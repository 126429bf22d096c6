//! Sign another device out.

use axum::routing::delete;
use platform::{Answer, Code, Cx, Reply, Route, auth::Player, http::Path, ids::SessionId, route::SessionAccess};

use crate::{
    audit::{self, Event, Kind},
    error::AccountError,
    logout::Ended,
};

/// `DELETE /api/v1/auth/sessions/{session_id}`.
pub const ROUTE: Route = Route::delete("auth-session-revoke", "/api/v1/auth/sessions/{session_id}")
    .sessions(SessionAccess::Write)
    .docs(|operation| {
        operation
            .about("Sign a device out", "Ends one of one's own sessions at once; it may be this one.")
            .answers::<Ended>(200, "Ended.")
            .fails(Code::NotFound, &[])
    })
    .build(|| delete(revoke));

async fn revoke(me: Player, cx: Cx, Path(session): Path<SessionId>) -> Reply<Ended> {
    if cx.revoke_session(me.id, session).await? {
        audit::record(&cx, Event::ok(Kind::SessionRevoke).user(me.id).session(session));
        return Answer::ok(&Ended { sessions_ended: 1 });
    }
    audit::record(&cx, Event::failed(Kind::SessionRevoke, "no_such_session").user(me.id));
    Err(AccountError::NoSuchSession.into())
}
