-- Private entries that their receiver has not had: stored while there was nobody to hear them. By uid, since the
-- receiver need not be a user. By `entry` they are in the order in which they were stored.
CREATE TABLE waiting (
    receiver ANY NOT NULL,
    entry INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    PRIMARY KEY (receiver, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_in_conversation ON waiting (receiver, conversation, entry);

-- What is not kept does not wait.
CREATE TRIGGER entry_went AFTER DELETE ON entry BEGIN
    DELETE FROM waiting WHERE entry = old.entry AND receiver IN (
        SELECT low FROM conversation WHERE conversation = old.conversation
        UNION ALL SELECT high FROM conversation WHERE conversation = old.conversation
    );
END;
