//! One's own account.

use axum::routing::get;
use platform::{Answer, Cx, Reply, Route, auth::Player, cache::aggregate::Profile};

use crate::{error::AccountError, session::UserOut};

/// `GET /api/v1/auth/profile`.
pub const ROUTE: Route = Route::get("auth-profile-get", "/api/v1/auth/profile")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about("One's own account", "The account behind the access token.")
            .answers::<UserOut>(200, "The account.")
            .validated()
    })
    .build(|| get(profile));

async fn profile(me: Player, cx: Cx) -> Reply<UserOut> {
    let answer = cx.answer(Profile(me.id), Some(0), async |user| Answer::ok(&UserOut::from(&user)));
    Ok(answer.await?.ok_or(AccountError::NoSuchUser)?)
}
