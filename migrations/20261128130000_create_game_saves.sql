-- Moments of a life to come back to. Loading one begins a branch, so a save is written once and never changed; only the
-- quick slot of a life is written over.

CREATE TABLE game_saves (
    save_id       uuid        NOT NULL,
    character_id  uuid        NOT NULL,
    save_type     text        NOT NULL,
    is_quick      boolean     NOT NULL,
    save_name     text,
    description   text,
    -- The event of a milestone.
    event_id      text,
    -- The version of the life that was saved.
    version       bigint      NOT NULL,
    age           smallint    NOT NULL,
    year          smallint    NOT NULL,
    life_stage    text        NOT NULL,
    happiness     smallint    NOT NULL,
    physical      smallint    NOT NULL,
    -- How many entries the log of the life had.
    entries       integer     NOT NULL,
    -- `lives.state` as it then was, packed; and the SHA-256 over it and what says where it belongs.
    snapshot      bytea       NOT NULL,
    digest        bytea       NOT NULL,
    -- Of the release that saved it.
    content_hash  bytea       NOT NULL,
    rules_version integer     NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT game_saves_pkey PRIMARY KEY (save_id),
    CONSTRAINT game_saves_character_fkey FOREIGN KEY (character_id) REFERENCES characters ON DELETE CASCADE,
    CONSTRAINT game_saves_type_known CHECK (save_type IN ('auto', 'manual', 'milestone')),
    CONSTRAINT game_saves_quick_is_manual CHECK (NOT is_quick OR save_type = 'manual'),
    CONSTRAINT game_saves_age_range CHECK (age BETWEEN 0 AND 120),
    CONSTRAINT game_saves_digest_length CHECK (octet_length(digest) = 32)
);
-- Ids are UUIDv7, so the id is the order.
CREATE INDEX idx_game_saves_character_newest ON game_saves (character_id, save_id DESC);
CREATE UNIQUE INDEX game_saves_quick_key ON game_saves (character_id) WHERE is_quick;
-- It is packed already.
ALTER TABLE game_saves ALTER COLUMN snapshot SET STORAGE EXTERNAL;
