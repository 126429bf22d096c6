//! Change what one says of oneself.

use axum::routing::put;
use deserr::Deserr;
use platform::{
    Answer, ApiError, Code, Cx, Reply, Route,
    auth::Player,
    http::{
        Change, FieldErrors, Json,
        idem::IfMatch,
        word::{LocaleWord, SensitivityWord},
    },
    store::accounts::{self, ChangeError, User},
};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    audit::{self, Event, Kind},
    fields::{AvatarUrl, Bio, Country, DisplayName, TimeZone},
    session::UserOut,
};

/// `PUT /api/v1/auth/profile`.
pub const ROUTE: Route = Route::put("auth-profile-update", "/api/v1/auth/profile")
    .passes_in_handler()
    .docs(|operation| {
        operation
            .about(
                "Change one's profile",
                "What is left out stays as it is; `null` empties a field. Name, e-mail address and password have routes of \
                 their own.",
            )
            .body::<ProfileIn>(json!({
                "expected_version": 1, "display_name": "林安", "country": "CN", "timezone": "Asia/Shanghai",
                "settings": {"content_filter": ["war"], "timed_choices": true}
            }))
            .if_match()
            .answers::<UserOut>(200, "The account as it is now.")
            .fails(Code::PreconditionFailed, &["VERSION_MISMATCH"])
    })
    .build(|| put(update));

/// What is to change.
#[derive(Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
pub(crate) struct ProfileIn {
    /// The `version` of the account one has seen; or send If-Match.
    #[deserr(default)]
    expected_version: Option<i64>,
    #[deserr(default)]
    #[schema(value_type = Option<DisplayName>)]
    display_name: Change<DisplayName>,
    #[deserr(default)]
    #[schema(value_type = Option<AvatarUrl>)]
    avatar_url: Change<AvatarUrl>,
    #[deserr(default)]
    #[schema(value_type = Option<Bio>)]
    bio: Change<Bio>,
    #[deserr(default)]
    #[schema(value_type = Option<Country>)]
    country: Change<Country>,
    #[deserr(default)]
    #[schema(value_type = Option<TimeZone>)]
    timezone: Change<TimeZone>,
    #[deserr(default)]
    locale: Option<LocaleWord>,
    #[deserr(default)]
    settings: Option<SettingsIn>,
}

/// Settings to change; what is left out stays as it is.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
struct SettingsIn {
    #[deserr(default)]
    content_filter: Option<Vec<SensitivityWord>>,
    #[deserr(default)]
    timed_choices: Option<bool>,
    #[deserr(default)]
    public_rank: Option<bool>,
}

async fn update(me: Player, cx: Cx, expected: IfMatch, Json(req): Json<ProfileIn>) -> Reply<UserOut> {
    let expected = expected.or_body(req.expected_version)?;
    let changed = accounts::change(&cx, me.id, Some(expected), |user| req.apply(user)).await;
    let user = changed.map_err(|error| match error {
        ChangeError::Other(error) => error,
        other => ApiError::internal(format!("a profile change ended as {other:?}")),
    })?;
    audit::record(&cx, Event::ok(Kind::ProfileUpdate).user(me.id).session(me.session_id));
    Ok(Answer::ok(&UserOut::from(&user))?.versioned(&cx, user.version))
}

impl ProfileIn {
    fn apply(&self, user: &mut User) {
        self.display_name.clone().apply(&mut user.display_name, |name| name.0);
        self.avatar_url.clone().apply(&mut user.avatar_url, |url| url.0);
        self.bio.clone().apply(&mut user.bio, |bio| bio.0);
        self.country.clone().apply(&mut user.country, |country| country.0);
        self.timezone.clone().apply(&mut user.timezone, |zone| zone.0);
        if let Some(LocaleWord(locale)) = self.locale {
            locale.as_str().clone_into(&mut user.locale);
        }
        if let Some(settings) = &self.settings {
            if let Some(words) = &settings.content_filter {
                let mut words: Vec<_> = words.iter().map(|word| word.0.to_owned()).collect();
                words.sort_unstable();
                words.dedup();
                user.settings.content_filter = words;
            }
            user.settings.timed_choices = settings.timed_choices.unwrap_or(user.settings.timed_choices);
            user.settings.public_rank = settings.public_rank.unwrap_or(user.settings.public_rank);
        }
    }
}
