-- The version of a player's list of characters: every write that the list shows bumps it, so that a cached list can be
-- told from a stale one. The default keeps the release before this one able to add users.

ALTER TABLE users
    ADD COLUMN roster_version bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT users_roster_version_positive CHECK (roster_version >= 1);
-- Every advance now rewrites a users row; room on the page keeps it in place (HOT).
ALTER TABLE users SET (fillfactor = 80);
