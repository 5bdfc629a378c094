-- What was sent under which id, so that the same may be sent again and is said once. Kept for a day.
-- In a group by gid, or to a peer.
CREATE TABLE sent (
    uid ANY NOT NULL,
    id TEXT NOT NULL,
    gid ANY,
    peer ANY,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (uid, id),
    CHECK ((gid IS NULL) = (peer IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX sent_by_time ON sent (time);
