-- Ids are integers or texts as they are on the wire, which is what ANY keeps apart; integers sort first.

-- What is said once: epoch, guest_secret, guests_until.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    user INTEGER PRIMARY KEY,
    uid ANY NOT NULL UNIQUE,
    name TEXT NOT NULL,
    guest INTEGER NOT NULL CHECK (guest IN (0, 1))
) STRICT;

-- A group has a gid; a private conversation has two uids, the smaller one first.
CREATE TABLE conversation (
    conversation INTEGER PRIMARY KEY,
    gid ANY,
    low ANY,
    high ANY,
    CHECK ((gid IS NULL) = (low IS NOT NULL) AND (gid IS NULL) = (high IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX conversation_of_group ON conversation (gid) WHERE gid IS NOT NULL;
CREATE UNIQUE INDEX conversation_of_two ON conversation (low, high) WHERE low IS NOT NULL;
CREATE INDEX conversation_of_higher ON conversation (high) WHERE high IS NOT NULL;

-- A new row has the largest number, so `joined` is the order of joining.
CREATE TABLE member (
    joined INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation,
    user INTEGER NOT NULL REFERENCES user,
    role TEXT NOT NULL CHECK (role IN ('member', 'owner')),
    UNIQUE (conversation, user)
) STRICT;
CREATE INDEX member_of_user ON member (user, conversation);

-- The author is named by uid and not by row: an entry outlives a guest who is forgotten.
-- NULL in kind is "text"; mentions are uids, one a line.
CREATE TABLE entry (
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    uid ANY NOT NULL,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    kind TEXT,
    data TEXT,
    reply INTEGER,
    mentions TEXT,
    time INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;
