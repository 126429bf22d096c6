-- What a player says of themselves, and when a deletion of the account was begun.
ALTER TABLE users
    ADD COLUMN display_name      text,
    ADD COLUMN avatar_url        text,
    ADD COLUMN bio               text,
    ADD COLUMN country           text,
    ADD COLUMN timezone          text,
    -- Of platform::store::accounts::Settings; what is missing has its default.
    ADD COLUMN settings          jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN deletion_begun_at timestamptz;
