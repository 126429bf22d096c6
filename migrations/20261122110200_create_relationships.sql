-- The people of a life as SQL has to see them: to filter by kind, and to keep what the player notes about them, which
-- the rules of life do not know. Who they are (name, birth, work) stays in the life's state.

CREATE TABLE relationships (
    character_id  uuid        NOT NULL,
    -- The person's number in that life; clients get an id made of both.
    person_no     integer     NOT NULL,
    -- The engine's words. Its vocabulary grows with the content, so no CHECK repeats it.
    relation_type text        NOT NULL,
    status        text        NOT NULL,
    intimacy      smallint    NOT NULL,
    trust         smallint    NOT NULL,
    support       smallint    NOT NULL,
    since_age     smallint    NOT NULL,
    nickname      text,
    note          text,
    is_pinned     boolean     NOT NULL DEFAULT false,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT relationships_pkey PRIMARY KEY (character_id, person_no),
    CONSTRAINT relationships_character_fkey FOREIGN KEY (character_id) REFERENCES characters ON DELETE CASCADE,
    CONSTRAINT relationships_strength_range CHECK (
        least(intimacy, trust, support) >= 0 AND greatest(intimacy, trust, support) <= 100
    )
);
CREATE INDEX idx_relationships_character_type ON relationships (character_id, relation_type);
