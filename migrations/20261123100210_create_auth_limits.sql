-- Rate limits of what guards accounts, for the time while Redis is away. Unlogged: after a crash of the server nothing is
-- held against anybody, and nothing waits for the log.

CREATE UNLOGGED TABLE auth_limits (
    -- SHA-256 of the key that the same limit has in Redis.
    subject bytea  NOT NULL,
    -- Theoretical arrival time of the next request, Unix microseconds.
    tat_us  bigint NOT NULL,
    CONSTRAINT auth_limits_pkey PRIMARY KEY (subject)
);
CREATE INDEX idx_auth_limits_tat ON auth_limits (tat_us);
