-- Others than ourselves may say who somebody is: `password` and `guest` are ours, every other word is the id of a
-- provider in OAUTH_PROVIDERS. Not validated here: under this lock that would read the whole table, and the constraint
-- that goes let nothing in that the new one would not. The next migration validates it under a lock that lets writers by.
ALTER TABLE identities
    DROP CONSTRAINT identities_provider_known,
    ADD CONSTRAINT identities_provider_format CHECK (provider ~ '^[a-z][a-z0-9_]{1,31}$') NOT VALID;
