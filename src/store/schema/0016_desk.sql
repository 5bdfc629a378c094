-- Tickets of the support desk. The conversation of a ticket has its number made negative, where others have that of
-- their row. What is short stands in front, for most of it is read without the rest. Tags and the form are texts, one a
-- line; of the form names and values take turns.
CREATE TABLE ticket (
    ticket INTEGER PRIMARY KEY AUTOINCREMENT CHECK (ticket > 0),
    desk TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'open', 'offline', 'closed')),
    priority INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    since INTEGER NOT NULL,
    claimed INTEGER,
    replied INTEGER,
    closed INTEGER,
    closed_by TEXT CHECK (closed_by IN ('visitor', 'agent', 'idle', 'site')),
    stars INTEGER CHECK (stars BETWEEN 1 AND 5),
    transfers INTEGER NOT NULL,
    -- Who holds it, or held it last.
    agent ANY,
    agent_name TEXT,
    visitor ANY NOT NULL,
    visitor_name TEXT NOT NULL,
    guest INTEGER NOT NULL CHECK (guest IN (0, 1)),
    earlier INTEGER NOT NULL,
    -- The last number of what is not kept any more, and the newest entry over all conversations, as of others.
    base INTEGER NOT NULL DEFAULT 0,
    newest INTEGER NOT NULL DEFAULT 0,
    tags TEXT,
    comment TEXT,
    page TEXT,
    referrer TEXT,
    browser TEXT,
    lang TEXT,
    form TEXT
) STRICT;
CREATE INDEX ticket_not_closed ON ticket (ticket) WHERE state <> 'closed';
CREATE INDEX ticket_closed ON ticket (ticket) WHERE state = 'closed';
CREATE INDEX ticket_closed_of_desk ON ticket (desk, ticket) WHERE state = 'closed';
CREATE INDEX ticket_of_agent ON ticket (agent, ticket) WHERE agent IS NOT NULL;
CREATE INDEX ticket_closed_of_agent_at_desk ON ticket (agent, desk, ticket) WHERE state = 'closed';
CREATE INDEX ticket_by_end ON ticket (closed) WHERE state = 'closed';
CREATE INDEX ticket_of_visitor ON ticket (visitor, ticket);
CREATE INDEX ticket_of_visitor_by_entry ON ticket (visitor, newest);
CREATE INDEX ticket_held_by_entry ON ticket (agent, newest) WHERE state = 'open';
CREATE INDEX ticket_by_opening ON ticket (opened);
CREATE INDEX ticket_of_desk_by_opening ON ticket (desk, opened);

-- How far everybody has read it.
CREATE TABLE ticket_read (
    uid ANY NOT NULL,
    ticket INTEGER NOT NULL REFERENCES ticket,
    read INTEGER NOT NULL,
    PRIMARY KEY (uid, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_read_of_ticket ON ticket_read (ticket);

-- What agents wrote for one another. It has no number in the conversation: it follows an entry.
CREATE TABLE note (
    note INTEGER PRIMARY KEY,
    ticket INTEGER NOT NULL REFERENCES ticket,
    after INTEGER NOT NULL,
    uid ANY NOT NULL,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE INDEX note_of_ticket ON note (ticket, note);
CREATE INDEX note_of_uid ON note (uid);

-- Canned replies: everybody's, and those of an agent's own.
CREATE TABLE canned (
    canned INTEGER PRIMARY KEY AUTOINCREMENT CHECK (canned > 0),
    owner ANY,
    desk TEXT,
    short TEXT NOT NULL,
    content TEXT NOT NULL
) STRICT;
CREATE INDEX canned_of_owner ON canned (owner, canned);

-- Desks that have rules of their own. The form has names, labels and whether they are demanded, one a line. Of the
-- hours each day has its parts, in minutes; NULL in `zone` is always.
CREATE TABLE desk (
    desk TEXT PRIMARY KEY,
    name TEXT,
    routing TEXT NOT NULL,
    offer_seconds INTEGER NOT NULL,
    sticky INTEGER NOT NULL CHECK (sticky IN (0, 1)),
    capacity INTEGER NOT NULL,
    idle_close_seconds INTEGER NOT NULL,
    idle_notice_seconds INTEGER NOT NULL,
    greeting TEXT,
    away TEXT,
    identified INTEGER NOT NULL CHECK (identified IN (0, 1)),
    form TEXT,
    zone TEXT,
    week TEXT,
    dates TEXT
) STRICT, WITHOUT ROWID;

-- What is not kept does not wait. Whoever has held the ticket may wait for what was said in it.
CREATE INDEX waiting_in_ticket ON waiting (entry) WHERE conversation < 0;
CREATE TRIGGER ticket_entry_went AFTER DELETE ON entry WHEN old.conversation < 0 BEGIN
    DELETE FROM waiting WHERE conversation < 0 AND entry = old.entry;
END;

-- The same table, with what was sent in tickets: a CHECK cannot be changed.
ALTER TABLE sent RENAME TO sent_before;
DROP INDEX sent_by_time;
CREATE TABLE sent (
    uid ANY NOT NULL,
    id TEXT NOT NULL,
    gid ANY,
    peer ANY,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    time INTEGER NOT NULL,
    ticket INTEGER,
    PRIMARY KEY (uid, id),
    CHECK ((gid IS NULL) + (peer IS NULL) + (ticket IS NULL) = 2)
) STRICT, WITHOUT ROWID;
INSERT INTO sent SELECT uid, id, gid, peer, seq, digest, time, NULL FROM sent_before;
DROP TABLE sent_before;
CREATE INDEX sent_by_time ON sent (time);
