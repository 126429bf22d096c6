-- no-transaction
-- The job that forgets ended sessions looks for the oldest first.
CREATE INDEX CONCURRENTLY idx_sessions_expiry ON sessions (refresh_expires_at);
