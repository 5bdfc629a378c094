-- Who was deleted, for good: no guest gets the uid. What such a person said up to the entry `until` nobody is shown, and
-- up to `erased` it is out of the file. The counts say what went.
CREATE TABLE forgotten (
    uid ANY NOT NULL,
    until INTEGER NOT NULL,
    erased INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    groups INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    pushes INTEGER NOT NULL,
    blocks INTEGER NOT NULL,
    sends INTEGER NOT NULL,
    PRIMARY KEY (uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX forgotten_in_part ON forgotten (uid) WHERE erased < until;
