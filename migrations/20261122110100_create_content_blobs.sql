-- The content of every release that lives were lived under, so that they can be replayed after the content has changed.
-- Stored as it was compiled; PostgreSQL compresses what is long.

CREATE TABLE content_blobs (
    -- SHA-256 over rules and texts, as `life_log.content_hash` names them.
    content_hash  bytea       NOT NULL,
    -- Of the release that stored it first.
    rules_version integer     NOT NULL,
    rules         bytea       NOT NULL,
    -- One text for each of `locales`, in the same order.
    locales       text[]      NOT NULL,
    texts         bytea[]     NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT content_blobs_pkey PRIMARY KEY (content_hash),
    CONSTRAINT content_blobs_hash_length CHECK (octet_length(content_hash) = 32),
    CONSTRAINT content_blobs_text_per_locale CHECK (cardinality(texts) = cardinality(locales))
);
