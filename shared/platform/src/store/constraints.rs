//! Every constraint of the schema, and what it means to a client that a row would have broken it. A test compares this
//! table with the database both ways, so a new constraint is not released before somebody has decided.

/// What a broken constraint means to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The account was deleted meanwhile: 401 TOKEN_INVALID.
    AccountGone,
    /// The character was deleted meanwhile: 404.
    CharacterGone,
    /// Another account has the identity: 409 IDENTITY_TAKEN. First sign-ins expect it and answer by themselves.
    IdentityTaken,
    /// The statement that can meet it expects it and answers by itself.
    Expected,
    /// Requests are checked before they come here and ids are ours: only a mistake of ours breaks it, 500.
    Mistake,
}

/// Constraints and unique indexes by name.
pub const MEANINGS: &[(&str, Meaning)] = {
    use Meaning::{AccountGone, CharacterGone, Expected, IdentityTaken, Mistake};
    &[
        ("achievement_backfills_pkey", Expected),
        ("achievement_unlocks_character_fkey", CharacterGone),
        ("achievement_unlocks_pkey", Mistake),
        ("achievement_unlocks_points_positive", Mistake),
        ("auth_limits_pkey", Mistake),
        ("character_attributes_character_fkey", CharacterGone),
        ("character_attributes_pkey", Mistake),
        ("character_attributes_range", Mistake),
        ("characters_birth_year_range", Mistake),
        ("characters_parent_fkey", CharacterGone),
        ("characters_pkey", Mistake),
        ("characters_user_fkey", AccountGone),
        ("cohort_lives_metric_known", Mistake),
        ("cohort_lives_pkey", Expected),
        ("content_blobs_hash_length", Mistake),
        ("content_blobs_pkey", Expected),
        ("content_blobs_text_per_locale", Mistake),
        ("decisions_character_fkey", CharacterGone),
        ("decisions_pkey", Mistake),
        ("email_codes_misses_range", Mistake),
        ("email_codes_pkey", Mistake),
        ("email_codes_purpose_known", Mistake),
        ("email_codes_user_fkey", AccountGone),
        ("events_pkey", Mistake),
        ("events_type_known", Mistake),
        ("game_saves_age_range", Mistake),
        ("game_saves_character_fkey", CharacterGone),
        ("game_saves_digest_length", Mistake),
        ("game_saves_pkey", Mistake),
        ("game_saves_quick_is_manual", Mistake),
        ("game_saves_quick_key", Expected),
        ("game_saves_type_known", Mistake),
        ("idempotency_keys_pkey", Expected),
        ("idempotency_keys_user_fkey", AccountGone),
        ("identities_pkey", IdentityTaken),
        ("identities_provider_format", Mistake),
        ("identities_user_fkey", AccountGone),
        ("known_devices_pkey", Expected),
        ("known_devices_user_fkey", AccountGone),
        ("life_log_character_fkey", CharacterGone),
        ("life_log_pkey", Mistake),
        ("life_years_character_fkey", CharacterGone),
        ("life_years_pkey", Expected),
        ("lives_age_range", Mistake),
        ("lives_character_fkey", CharacterGone),
        ("lives_pkey", Mistake),
        ("lives_status_known", Mistake),
        ("lives_user_fkey", AccountGone),
        ("lives_version_positive", Mistake),
        ("oauth_flows_hash_length", Mistake),
        ("oauth_flows_pkey", Mistake),
        ("outbox_attempts_range", Mistake),
        ("outbox_one_end", Mistake),
        ("outbox_pkey", Mistake),
        ("outbox_topic_format", Mistake),
        ("relationships_character_fkey", CharacterGone),
        ("relationships_pkey", Mistake),
        ("relationships_strength_range", Mistake),
        ("sessions_pkey", Mistake),
        ("sessions_refresh_hash_key", Mistake),
        ("sessions_user_fkey", AccountGone),
        ("users_email_verified_key", Expected),
        ("users_locale_known", Mistake),
        ("users_pkey", Mistake),
        ("users_roster_version_positive", Mistake),
        ("users_username_folded_key", Expected),
        ("users_username_length", Mistake),
    ]
};

/// What it means that this error's statement met a constraint; `None` if it was something else.
pub(crate) fn broken_by(error: &sqlx::Error) -> Option<Meaning> {
    let sqlx::Error::Database(error) = error else { return None };
    let name = error.constraint()?;
    MEANINGS.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}
