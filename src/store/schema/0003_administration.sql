-- A group has a name (empty: none), is open or closed, and says how many members it has, so that lists of groups
-- count nothing. A deleted group leaves a row with no members and with `base`, the number after which it goes on;
-- what was said in it stays behind in its old row, whose gid is then a blob, which no id is.
ALTER TABLE conversation ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE conversation ADD COLUMN open INTEGER NOT NULL DEFAULT 1 CHECK (open IN (0, 1));
ALTER TABLE conversation ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1));
ALTER TABLE conversation ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN members INTEGER NOT NULL DEFAULT 0;
CREATE INDEX open_group ON conversation (gid) WHERE gid IS NOT NULL AND open = 1;

-- Rows of deleted groups with entries that are still to be taken out of the file.
CREATE TABLE erasing (
    conversation INTEGER PRIMARY KEY
) STRICT;

-- The same table, with admins: a CHECK cannot be changed.
ALTER TABLE member RENAME TO member_before;
DROP INDEX member_of_user;
CREATE TABLE member (
    joined INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation,
    user INTEGER NOT NULL REFERENCES user,
    role TEXT NOT NULL CHECK (role IN ('member', 'admin', 'owner')),
    UNIQUE (conversation, user)
) STRICT;
INSERT INTO member SELECT joined, conversation, user, role FROM member_before;
DROP TABLE member_before;
CREATE INDEX member_of_user ON member (user, conversation);

UPDATE conversation SET members = (
    SELECT count(*) FROM member WHERE member.conversation = conversation.conversation
);
CREATE TRIGGER member_came AFTER INSERT ON member BEGIN
    UPDATE conversation SET members = members + 1 WHERE conversation = new.conversation;
END;
CREATE TRIGGER member_went AFTER DELETE ON member BEGIN
    UPDATE conversation SET members = members - 1 WHERE conversation = old.conversation;
END;

-- Who is banned or muted, in milliseconds of Unix time; NULL is until lifted. By uid: it need not be a user.
CREATE TABLE sanction (
    conversation INTEGER NOT NULL REFERENCES conversation,
    uid ANY NOT NULL,
    sanction TEXT NOT NULL CHECK (sanction IN ('ban', 'mute')),
    until INTEGER,
    PRIMARY KEY (conversation, uid, sanction)
) STRICT, WITHOUT ROWID;
CREATE INDEX sanction_of_uid ON sanction (uid);

-- Whose private messages a user refuses.
CREATE TABLE block (
    user INTEGER NOT NULL REFERENCES user,
    other ANY NOT NULL,
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX block_of_other ON block (other);

-- What was done, in entries that tell of it: the word for it, and what belongs to it.
ALTER TABLE entry ADD COLUMN act TEXT;
ALTER TABLE entry ADD COLUMN act_uid ANY;
ALTER TABLE entry ADD COLUMN act_role TEXT;
ALTER TABLE entry ADD COLUMN act_seconds INTEGER;
ALTER TABLE entry ADD COLUMN act_name TEXT;
ALTER TABLE entry ADD COLUMN act_open INTEGER;
