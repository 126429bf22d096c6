-- Accounts: a user, the ways to prove to be one, and the devices signed in.

CREATE TABLE users (
    user_id        uuid        NOT NULL,
    username       text        NOT NULL,
    email          text,
    email_verified boolean     NOT NULL DEFAULT false,
    is_guest       boolean     NOT NULL DEFAULT false,
    is_active      boolean     NOT NULL DEFAULT true,
    locale         text        NOT NULL,
    version        bigint      NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (user_id),
    CONSTRAINT users_username_length CHECK (char_length(username) BETWEEN 3 AND 32),
    CONSTRAINT users_locale_known CHECK (locale IN ('zh-CN', 'en'))
);

-- Names differ only in case are the same name.
CREATE UNIQUE INDEX users_username_folded_key ON users (lower(username));
CREATE INDEX idx_users_username_active ON users (username) WHERE is_active = true;
-- An address belongs to one account once it is verified; before that it is only a claim.
CREATE UNIQUE INDEX users_email_verified_key ON users (lower(email)) WHERE email_verified;

CREATE TABLE identities (
    user_id    uuid        NOT NULL,
    provider   text        NOT NULL,
    -- What the provider calls the user; for a password, the user id itself.
    subject    text        NOT NULL,
    -- PHC string of the password; null for other providers.
    secret     text,
    created_at timestamptz NOT NULL,
    CONSTRAINT identities_pkey PRIMARY KEY (provider, subject),
    CONSTRAINT identities_user_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE,
    CONSTRAINT identities_provider_known CHECK (provider IN ('password'))
);
CREATE INDEX idx_identities_user ON identities (user_id);

CREATE TABLE sessions (
    session_id         uuid        NOT NULL,
    user_id            uuid        NOT NULL,
    -- SHA-256 of the refresh token; the token itself is never stored.
    refresh_hash       bytea       NOT NULL,
    refresh_expires_at timestamptz NOT NULL,
    platform           text        NOT NULL,
    device_id          text,
    device_name        text,
    created_at         timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (session_id),
    CONSTRAINT sessions_refresh_hash_key UNIQUE (refresh_hash),
    CONSTRAINT sessions_user_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE
);
CREATE INDEX idx_sessions_user ON sessions (user_id);
