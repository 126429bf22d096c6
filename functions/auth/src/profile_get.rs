//! One's own account.

use axum::routing::get;
use platform::{Answer, Cx, Reply, Route, auth::Player, store::accounts};

use crate::{error::AccountError, session::UserOut};

/// `GET /api/v1/auth/profile`.
pub const ROUTE: Route = Route::get("auth-profile-get", "/api/v1/auth/profile")
    .docs(|operation| {
        operation
            .about("One's own account", "The account behind the access token.")
            .answers::<UserOut>(200, "The account.")
            .revalidates()
    })
    .build(|| get(profile));

async fn profile(me: Player, cx: Cx) -> Reply<UserOut> {
    let user = accounts::by_id(cx.db(), me.id).await?.ok_or(AccountError::NoSuchUser)?;
    Ok(Answer::ok(&UserOut::from(&user))?.versioned(&cx, user.version))
}
