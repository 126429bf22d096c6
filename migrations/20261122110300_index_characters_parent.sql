-- no-transaction
-- Deleting a character looks for those branched from it; without an index that reads the whole table, once a character.
CREATE INDEX CONCURRENTLY idx_characters_parent ON characters (parent_character_id) WHERE parent_character_id IS NOT NULL;
