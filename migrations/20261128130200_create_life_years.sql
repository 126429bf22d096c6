-- What statistics are made of, written by the statement that moves a life on, so that nobody ever has to count events.

-- A life's numbers at the end of each year, or where the year now stands.
CREATE TABLE life_years (
    character_id uuid     NOT NULL,
    age          smallint NOT NULL,
    year         smallint NOT NULL,
    life_stage   text     NOT NULL,
    intelligence smallint NOT NULL,
    constitution smallint NOT NULL,
    charisma     smallint NOT NULL,
    willpower    smallint NOT NULL,
    creativity   smallint NOT NULL,
    happiness    smallint NOT NULL,
    physical     smallint NOT NULL,
    mental       smallint NOT NULL,
    -- Owned less owed, in days of the local median wage.
    net_worth    bigint   NOT NULL,
    -- Events of that year.
    events       integer  NOT NULL,
    CONSTRAINT life_years_pkey PRIMARY KEY (character_id, age),
    CONSTRAINT life_years_character_fkey FOREIGN KEY (character_id) REFERENCES characters ON DELETE CASCADE
);

-- How many ranked lives of a country and fifty years of birth ended with which figure. Nobody's row: it says nothing of
-- whose lives they were.
CREATE TABLE cohort_lives (
    birth_country text     NOT NULL,
    -- First year of birth of the fifty.
    era           smallint NOT NULL,
    -- `score` or `age`.
    metric        text     NOT NULL,
    bucket        smallint NOT NULL,
    lives         bigint   NOT NULL,
    CONSTRAINT cohort_lives_pkey PRIMARY KEY (birth_country, era, metric, bucket),
    CONSTRAINT cohort_lives_metric_known CHECK (metric IN ('score', 'age'))
);

-- Seconds spent with a life: the time between two moves, at most five minutes of it.
ALTER TABLE lives ADD COLUMN play_s bigint NOT NULL DEFAULT 0;
