-- Refresh tokens rotate: a session knows the token it waits for, the one before it, and the secret all of them share. A
-- session of the release before has no such secret and cannot be refreshed; it ends with its access token.
ALTER TABLE sessions
    -- SHA-256 of the secret that every refresh token of this session carries.
    ADD COLUMN family_hash   bytea,
    -- SHA-256 of the token that the present one replaced, and the salt by which it became the present one.
    ADD COLUMN previous_hash bytea,
    ADD COLUMN turn_salt     bytea,
    -- When the present token was made; null until the first turn.
    ADD COLUMN refreshed_at  timestamptz;
