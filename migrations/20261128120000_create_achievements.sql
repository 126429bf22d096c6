-- What lives have achieved, written by the statement of the year in which they did (docs/adr/0028-achievements.md), and
-- how far the job `backfill-achievements` has come with each set of definitions.

CREATE TABLE achievement_unlocks (
    character_id   uuid        NOT NULL,
    -- The content's id; what it is worth may change there, what it was worth is kept here.
    achievement_id text        NOT NULL,
    -- The entry of the log whose year it was: a branch shares those of the past it shares.
    entry_seq      integer     NOT NULL,
    age            smallint    NOT NULL,
    points         smallint    NOT NULL,
    unlocked_at    timestamptz NOT NULL,
    CONSTRAINT achievement_unlocks_pkey PRIMARY KEY (character_id, achievement_id),
    CONSTRAINT achievement_unlocks_character_fkey
        FOREIGN KEY (character_id) REFERENCES characters ON DELETE CASCADE,
    CONSTRAINT achievement_unlocks_points_positive CHECK (points > 0)
);

CREATE TABLE achievement_backfills (
    -- SHA-256 of the definitions.
    definitions       bytea       NOT NULL,
    -- Lives up to this one are judged: ids are UUIDv7, so those that begin later come after it.
    last_character_id uuid        NOT NULL,
    lives             bigint      NOT NULL DEFAULT 0,
    unlocks           bigint      NOT NULL DEFAULT 0,
    updated_at        timestamptz NOT NULL,
    finished_at       timestamptz,
    CONSTRAINT achievement_backfills_pkey PRIMARY KEY (definitions)
);
