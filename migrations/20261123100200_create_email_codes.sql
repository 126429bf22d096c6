-- Codes sent by e-mail, one for each purpose and account; a new one takes the place of the old.

CREATE TABLE email_codes (
    purpose    text        NOT NULL,
    -- Keyed hash of whose it is: of the user id (verify_email) or of the address (reset_password).
    subject    bytea       NOT NULL,
    -- Null when the code is nobody's: an unknown address is written down like a known one.
    user_id    uuid,
    -- The address the code went to, where the account does not hold it yet.
    email      text,
    -- Keyed hash of the code.
    code_hash  bytea       NOT NULL,
    -- How often another code was tried.
    misses     smallint    NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- When it was used; it is good for once.
    used_at    timestamptz,
    CONSTRAINT email_codes_pkey PRIMARY KEY (purpose, subject),
    CONSTRAINT email_codes_user_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE,
    CONSTRAINT email_codes_purpose_known CHECK (purpose IN ('verify_email', 'reset_password')),
    CONSTRAINT email_codes_misses_range CHECK (misses BETWEEN 0 AND 5)
);
CREATE INDEX idx_email_codes_user ON email_codes (user_id);
CREATE INDEX idx_email_codes_expires ON email_codes (expires_at);
