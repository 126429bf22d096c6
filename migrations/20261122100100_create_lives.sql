-- Lives: a character is one life. `characters` is who it is, `lives` where it stands, `life_log` how it got there.

CREATE TABLE characters (
    character_id        uuid        NOT NULL,
    user_id             uuid        NOT NULL,
    lineage_id          uuid        NOT NULL,
    parent_character_id uuid,
    branched_at_age     smallint,
    character_name      text        NOT NULL,
    birth_country       text        NOT NULL,
    birth_year          smallint    NOT NULL,
    ranked              boolean     NOT NULL,
    is_active           boolean     NOT NULL DEFAULT true,
    created_at          timestamptz NOT NULL,
    CONSTRAINT characters_pkey PRIMARY KEY (character_id),
    CONSTRAINT characters_user_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE,
    CONSTRAINT characters_parent_fkey FOREIGN KEY (parent_character_id) REFERENCES characters ON DELETE SET NULL,
    CONSTRAINT characters_birth_year_range CHECK (birth_year BETWEEN 1800 AND 2050)
);
CREATE INDEX idx_characters_user_active ON characters (user_id) WHERE is_active = true;
-- Lists go by newest first; ids are UUIDv7, so the id is the order.
CREATE INDEX idx_characters_user_newest ON characters (user_id, character_id DESC) WHERE is_active = true;

CREATE TABLE character_attributes (
    character_id uuid     NOT NULL,
    intelligence smallint NOT NULL,
    constitution smallint NOT NULL,
    charisma     smallint NOT NULL,
    willpower    smallint NOT NULL,
    creativity   smallint NOT NULL,
    CONSTRAINT character_attributes_pkey PRIMARY KEY (character_id),
    CONSTRAINT character_attributes_character_fkey
        FOREIGN KEY (character_id) REFERENCES characters ON DELETE CASCADE,
    CONSTRAINT character_attributes_range CHECK (
        least(intelligence, constitution, charisma, willpower, creativity) >= 0
        AND greatest(intelligence, constitution, charisma, willpower, creativity) <= 100
    )
);

CREATE TABLE lives (
    character_id uuid        NOT NULL,
    -- Repeated from characters, so that one row tells whose life it is.
    user_id      uuid        NOT NULL,
    version      bigint      NOT NULL,
    status       text        NOT NULL,
    age          smallint    NOT NULL,
    -- The engine's state, as JSON.
    state        bytea       NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT lives_pkey PRIMARY KEY (character_id),
    CONSTRAINT lives_character_fkey FOREIGN KEY (character_id) REFERENCES characters ON DELETE CASCADE,
    CONSTRAINT lives_user_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE,
    CONSTRAINT lives_status_known CHECK (status IN ('draft', 'alive', 'dead')),
    CONSTRAINT lives_age_range CHECK (age BETWEEN 0 AND 120),
    CONSTRAINT lives_version_positive CHECK (version >= 1)
);
-- Every version rewrites the row; room on the page keeps it in place (HOT).
ALTER TABLE lives SET (fillfactor = 70);
CREATE INDEX idx_lives_user ON lives (user_id);

-- The inputs of a life, hash-chained: with the content they give the life back.
CREATE TABLE life_log (
    character_id  uuid        NOT NULL,
    seq           integer     NOT NULL,
    -- The version of the life this entry belongs to; several years in one request share it.
    version       bigint      NOT NULL,
    age           smallint    NOT NULL,
    input         jsonb       NOT NULL,
    outcome       bytea       NOT NULL,
    content_hash  bytea       NOT NULL,
    rules_version integer     NOT NULL,
    hash          bytea       NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT life_log_pkey PRIMARY KEY (character_id, seq),
    CONSTRAINT life_log_character_fkey FOREIGN KEY (character_id) REFERENCES characters ON DELETE CASCADE
);

CREATE TABLE decisions (
    character_id uuid        NOT NULL,
    decision_id  integer     NOT NULL,
    event_seq    integer     NOT NULL,
    age          smallint    NOT NULL,
    -- The chosen option, the odds that were shown, the roll and its result.
    record       jsonb       NOT NULL,
    decided_at   timestamptz NOT NULL,
    CONSTRAINT decisions_pkey PRIMARY KEY (character_id, decision_id),
    CONSTRAINT decisions_character_fkey FOREIGN KEY (character_id) REFERENCES characters ON DELETE CASCADE
);
