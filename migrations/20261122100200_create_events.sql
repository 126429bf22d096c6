-- What happened, by year of writing. No foreign key points here, so that a year can be detached; the rows of one life
-- are unique by (character_id, seq) because lives.version lets only one writer append.

CREATE TABLE events (
    character_id uuid        NOT NULL,
    seq          integer     NOT NULL,
    age          smallint    NOT NULL,
    event_id     text        NOT NULL,
    event_type   text        NOT NULL,
    -- The engine's record: text key, parameters, changes. Never rendered text.
    record       jsonb       NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (character_id, seq, created_at),
    CONSTRAINT events_type_known CHECK (event_type IN ('random', 'choice', 'development', 'relationship', 'era'))
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_events_character_age ON events (character_id, age DESC);

CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE TABLE events_2028 PARTITION OF events FOR VALUES FROM ('2028-01-01') TO ('2029-01-01');
-- Catches what no partition was made for, so that no write is ever lost.
CREATE TABLE events_default PARTITION OF events DEFAULT;
