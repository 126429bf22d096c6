-- no-transaction
-- Deleting a user deletes their characters, also those no longer active, which the partial indexes leave out.
CREATE INDEX CONCURRENTLY idx_characters_user ON characters (user_id);
