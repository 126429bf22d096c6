-- What others are to be told of: written by the statement that makes it true, and delivered afterwards by the job
-- `deliver-outbox` (docs/adr/0021-outbox.md). No foreign key: the news that an account is gone outlives the account.
CREATE TABLE outbox (
    -- The same at every delivery, so that a receiver can tell a repetition.
    event_id     uuid        NOT NULL,
    topic        text        NOT NULL,
    payload      jsonb       NOT NULL,
    created_at   timestamptz NOT NULL,
    -- When the next attempt is due. Whoever delivers it moves this ahead first: that is its claim, and it runs out by itself.
    available_at timestamptz NOT NULL,
    -- Attempts begun.
    attempts     smallint    NOT NULL DEFAULT 0,
    last_error   text,
    delivered_at timestamptz,
    -- Given up; docs/operations/troubleshooting.md#outboxdead.
    dead_at      timestamptz,
    CONSTRAINT outbox_pkey PRIMARY KEY (event_id),
    CONSTRAINT outbox_topic_format CHECK (topic ~ '^[a-z_]+\.[a-z_]+$'),
    CONSTRAINT outbox_attempts_range CHECK (attempts >= 0),
    CONSTRAINT outbox_one_end CHECK (delivered_at IS NULL OR dead_at IS NULL)
);
CREATE INDEX idx_outbox_due ON outbox (available_at) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX idx_outbox_waiting ON outbox (created_at) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX idx_outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX idx_outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
