-- no-transaction
-- The job that deletes what was given up long ago looks for it.
CREATE INDEX CONCURRENTLY idx_characters_deleted ON characters (deleted_at) WHERE deleted_at IS NOT NULL;
