-- Pushes that wait for whoever was not there. The number is the core's: the larger, the later.
CREATE TABLE push (
    push INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    title TEXT,
    content TEXT NOT NULL,
    data TEXT,
    url TEXT,
    time INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    -- Whether receivers share rows.
    large INTEGER NOT NULL CHECK (large IN (0, 1))
) STRICT;
CREATE INDEX push_by_expiry ON push (expires);
CREATE INDEX large_push ON push (push) WHERE large = 1;

-- For whom. The shelf is a uid, which need not be that of a user; or a negative number, for all whose uids fall upon it,
-- and then `receivers` has their uids, one a line.
CREATE TABLE push_waiting (
    shelf ANY NOT NULL,
    push INTEGER NOT NULL,
    receivers TEXT,
    PRIMARY KEY (shelf, push)
) STRICT, WITHOUT ROWID;
CREATE INDEX push_waiting_of_push ON push_waiting (push);
