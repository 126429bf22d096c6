-- no-transaction
-- The job that ends deletions which were begun and not ended looks for them.
CREATE INDEX CONCURRENTLY idx_users_deletion ON users (deletion_begun_at) WHERE deletion_begun_at IS NOT NULL;
