-- How long a user is kept out, in milliseconds of Unix time; NULL is not at all, the largest number until lifted.
ALTER TABLE user ADD COLUMN ban INTEGER;

-- What calls were answered that bore a key, so that the same call may be made again and is done once. Kept for a day.
CREATE TABLE answer (
    key TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE INDEX answer_by_time ON answer (time);
