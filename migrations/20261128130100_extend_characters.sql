-- Drafts dealt again, and characters their players have given up: kept for a while, then deleted by `purge-characters`.

ALTER TABLE characters
    -- Times the draft was dealt anew.
    ADD COLUMN rerolls_used smallint NOT NULL DEFAULT 0,
    -- Set where is_active is not: since when.
    ADD COLUMN deleted_at timestamptz;
