-- Entries have a number of their own, in the order in which they were stored over all conversations: what is oldest,
-- what is not yet indexed, what somebody has not received, is then a range. The same table, since a key cannot be
-- changed.
ALTER TABLE entry RENAME TO entry_before;
CREATE TABLE entry (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    uid ANY NOT NULL,
    time INTEGER NOT NULL,
    reply INTEGER,
    act TEXT,
    act_uid ANY,
    act_role TEXT,
    act_seconds INTEGER,
    act_name TEXT,
    act_open INTEGER,
    kind TEXT,
    name TEXT NOT NULL,
    mentions TEXT,
    content TEXT NOT NULL,
    data TEXT,
    UNIQUE (conversation, seq)
) STRICT;
INSERT INTO entry (conversation, seq, uid, time, reply, act, act_uid, act_role, act_seconds, act_name, act_open,
                   kind, name, mentions, content, data)
    SELECT conversation, seq, uid, time, reply, act, act_uid, act_role, act_seconds, act_name, act_open,
           kind, name, mentions, content, data
    -- In each conversation as they stand there, though the clock may have been set back.
    FROM entry_before
    ORDER BY max(time) OVER (PARTITION BY conversation ORDER BY seq), conversation, seq;
DROP TABLE entry_before;
