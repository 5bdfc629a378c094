-- Files that were uploaded. Their bytes lie beside the store, each file under its own id. Each is for one conversation:
-- a group by gid, two users, or a ticket. It belongs to an entry, by the row of its conversation and its number, or to none yet.
CREATE TABLE file (
    file TEXT NOT NULL,
    uid ANY NOT NULL,
    gid ANY,
    low ANY,
    high ANY,
    ticket INTEGER,
    conversation INTEGER,
    seq INTEGER,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (file),
    CHECK ((gid IS NOT NULL) + (low IS NOT NULL) + (ticket IS NOT NULL) = 1),
    CHECK ((low IS NULL) = (high IS NULL)),
    CHECK ((conversation IS NULL) = (seq IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX file_of_entry ON file (conversation, seq) WHERE seq IS NOT NULL;
CREATE INDEX file_of_user ON file (uid);
CREATE INDEX file_of_group ON file (gid) WHERE gid IS NOT NULL;
CREATE INDEX file_of_nothing ON file (time) WHERE seq IS NULL;

-- Files whose bytes are still to be taken off the disk.
CREATE TABLE file_gone (
    file TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (file)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER file_went AFTER DELETE ON file BEGIN
    INSERT OR IGNORE INTO file_gone VALUES (old.file, old.bytes);
END;

-- A file goes with its entry, and with what the entry says.
CREATE TRIGGER entry_of_file_went AFTER DELETE ON entry BEGIN
    DELETE FROM file WHERE conversation = old.conversation AND seq = old.seq;
END;
CREATE TRIGGER entry_of_file_recalled AFTER UPDATE OF recalled ON entry WHEN new.recalled = 1 BEGIN
    DELETE FROM file WHERE conversation = new.conversation AND seq = new.seq;
END;
