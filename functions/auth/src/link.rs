//! Give an account a further way to sign in; a guest's becomes a full account by it, and nothing is lost.

use axum::routing::post;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::{FieldErrors, Json},
    route::{Rate, Secret, SessionAccess},
    store::{
        accounts::{self, ChangeError, User},
        identities, passwords,
    },
    text::Text,
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    error::AccountError,
    fields::{Attempt, Email, Password, Username},
    oauth::{self, CodeCredentials, CodeKind, OauthCredentials, Proof},
    own, password,
    session::UserOut,
};

/// `POST /api/v1/auth/link`.
pub const ROUTE: Route = Route::post("auth-link", "/api/v1/auth/link")
    .rate(Rate::Auth)
    .memory_mb(512)
    .sessions(SessionAccess::List)
    .secrets(&[Secret::OauthProviders])
    .docs(|operation| {
        operation
            .about(
                "Add a way to sign in",
                "Exactly one of: `password` (with `username` and `email` if wanted), `oauth`, `wechat_code`, `alipay_code`, \
                 `douyin_code`. A guest becomes a full account and keeps everything; its device secret opens it no more. \
                 Sessions stay as they are. Repeating a link that was made answers 200 again. It takes `current_password`, \
                 or where there is none, as with a guest, a session opened within 15 minutes.",
            )
            .body::<LinkIn>(json!({
                "username": "lin_an", "email": "lin@example.org", "password": "a long walk home"
            }))
            .answers::<UserOut>(200, "The account as it is now.")
            .fails(Code::Forbidden, &["WRONG_PASSWORD", "REAUTHENTICATE"])
            .fails(Code::Conflict, &["USERNAME_TAKEN", "HAS_PASSWORD", "IDENTITY_TAKEN"])
            .fails(Code::Unauthorized, &["OAUTH_STATE_INVALID", "OAUTH_CODE_REFUSED", "OAUTH_ANSWER_INVALID"])
            .fails(Code::ServiceUnavailable, &["OAUTH_PROVIDER_UNAVAILABLE"])
    })
    .build(|| post(link));

/// The way to add.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct LinkIn {
    /// A name instead of the present one.
    #[deserr(default)]
    username: Option<Username>,
    /// A claim until it is verified.
    #[deserr(default)]
    email: Option<Email>,
    #[deserr(default)]
    password: Option<Password>,
    /// The password of an account that has one.
    #[deserr(default)]
    current_password: Option<Attempt>,
    #[deserr(default)]
    oauth: Option<OauthCredentials>,
    #[deserr(default)]
    wechat_code: Option<CodeCredentials>,
    #[deserr(default)]
    alipay_code: Option<CodeCredentials>,
    #[deserr(default)]
    douyin_code: Option<CodeCredentials>,
}

/// A password with what goes with it.
struct NewPassword {
    username: Option<Username>,
    email: Option<Email>,
    password: Password,
}

enum Way {
    Password(NewPassword),
    Others(Proof),
}

impl LinkIn {
    fn way(self) -> Result<Way, ApiError> {
        let Self { username, email, password, oauth, wechat_code, alipay_code, douyin_code, .. } = self;
        if password.is_none() && (username.is_some() || email.is_some()) {
            let text = Text::new("Required with `username` or `email`.", "填写 username 或 email 时必须提供。");
            return Err(ApiError::invalid_field("password", "required", text));
        }
        let mut ways: Vec<Way> = password
            .map(|password| Way::Password(NewPassword { username, email, password }))
            .into_iter()
            .chain(oauth.map(|proof| Way::Others(Proof::Oauth(proof))))
            .chain(wechat_code.map(|code| Way::Others(Proof::Code(CodeKind::Wechat, code))))
            .chain(alipay_code.map(|code| Way::Others(Proof::Code(CodeKind::Alipay, code))))
            .chain(douyin_code.map(|code| Way::Others(Proof::Code(CodeKind::Douyin, code))))
            .collect();
        match (ways.pop(), ways.pop()) {
            (Some(only), None) => Ok(only),
            _ => {
                let text = Text::new(
                    "Send exactly one of `password`, `oauth`, `wechat_code`, `alipay_code` and `douyin_code`.",
                    "请在 password、oauth、wechat_code、alipay_code、douyin_code 中恰好发送一项。",
                );
                Err(ApiError::invalid_field("password", "one_of", text))
            }
        }
    }
}

async fn link(me: Player, cx: Cx, Json(req): Json<LinkIn>) -> Reply<UserOut> {
    let current = req.current_password.clone();
    let linked = match req.way()? {
        Way::Password(new) => add_password(&cx, &me, current.as_ref(), &new).await,
        Way::Others(proof) => add_identity(&cx, &me, current.as_ref(), &proof).await,
    };
    let event = match &linked {
        Ok(_) => Event::ok(Kind::Link),
        Err(_) => Event::failed(Kind::Link, "not_linked"),
    };
    audit::record(&cx, event.user(me.id).session(me.session_id));
    let user = linked?;
    Ok(Answer::ok(&UserOut::from(&user))?.versioned(&cx, user.version))
}

async fn add_identity(cx: &Cx, me: &Player, current: Option<&Attempt>, proof: &Proof) -> Result<User, ApiError> {
    // A way into somebody's account is added by them only, not by whoever holds one of their tokens.
    own::prove(cx, me, current).await?;
    let identity = oauth::identify(cx, proof).await?;
    for _ in 0..2 {
        let added = identities::add(cx, me.id, &identity.provider, &identity.subject).await;
        match added.map_err(refused) {
            Ok(Some(user)) => return Ok(user),
            // It is this account's already.
            Ok(None) => return Ok(accounts::by_id(cx.db(), me.id).await?.ok_or(AccountError::NoSuchUser)?),
            // Whose it is, the second look tells: the same request may have come first.
            Err(taken) if taken.reason_code() == Some("IDENTITY_TAKEN") => {}
            Err(other) => return Err(other),
        }
    }
    Err(refused(ChangeError::IdentityTaken))
}

async fn add_password(cx: &Cx, me: &Player, current: Option<&Attempt>, new: &NewPassword) -> Result<User, ApiError> {
    let name = new.username.as_ref().map_or("", |name| name.0.as_str());
    new.password.unlike("password", name, new.email.as_ref().map(|email| email.0.as_str()))?;
    let holder = passwords::of_user(cx.db(), me.id).await?.ok_or(AccountError::NoSuchUser)?;
    if let Some(stored) = holder.secret {
        return repeated(cx, me, new, &stored).await;
    }
    own::prove(cx, me, current).await?;
    let hash = password::hash(cx, &new.password.0).await?;
    let (username, email) = (new.username.as_ref(), new.email.as_ref());
    let (username, email) = (username.map(|name| name.0.as_str()), email.map(|email| email.0.as_str()));
    match identities::add_password(cx, me.id, username, email, &hash).await {
        Ok(Some(user)) => return Ok(user),
        // Another link came first.
        Ok(None) | Err(ChangeError::IdentityTaken) => {}
        Err(error) => return Err(refused(error)),
    }
    let stored = passwords::of_user(cx.db(), me.id).await?.and_then(|holder| holder.secret);
    repeated(cx, me, new, &stored.ok_or(AccountError::NoSuchUser)?).await
}

/// The account has a password. If it is this one, the request is a repeated one; tries are counted like any other.
async fn repeated(cx: &Cx, me: &Player, new: &NewPassword, stored: &str) -> Result<User, ApiError> {
    let user = accounts::by_id(cx.db(), me.id).await?.ok_or(AccountError::NoSuchUser)?;
    let same_name = new.username.as_ref().is_none_or(|name| name.0.eq_ignore_ascii_case(&user.username));
    if same_name && own::try_password(cx, me, &new.password.0, stored).await? {
        return Ok(user);
    }
    Err(AccountError::HasPassword.into())
}

fn refused(error: ChangeError) -> ApiError {
    match error {
        ChangeError::Other(error) => error,
        ChangeError::IdentityTaken => ApiError::identity_taken(),
        ChangeError::Taken(accounts::USERNAME_KEY) => AccountError::UsernameTaken.into(),
        ChangeError::Taken(index) => ApiError::internal(format!("a link broke {index}")),
    }
}
