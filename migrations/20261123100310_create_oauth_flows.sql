-- Sign-ins by others that have begun and not come back yet: ten minutes each, used once.
CREATE TABLE oauth_flows (
    -- SHA-256 of `state`, which travels through the browser and the provider.
    state_hash    bytea       NOT NULL,
    -- SHA-256 of the token that only the client that began it has.
    flow_hash     bytea       NOT NULL,
    provider      text        NOT NULL,
    redirect_uri  text        NOT NULL,
    nonce         text        NOT NULL,
    code_verifier text        NOT NULL,
    expires_at    timestamptz NOT NULL,
    CONSTRAINT oauth_flows_pkey PRIMARY KEY (state_hash),
    CONSTRAINT oauth_flows_hash_length CHECK (octet_length(state_hash) = 32 AND octet_length(flow_hash) = 32)
);
CREATE INDEX idx_oauth_flows_expires ON oauth_flows (expires_at);

ALTER TABLE identities VALIDATE CONSTRAINT identities_provider_format;
