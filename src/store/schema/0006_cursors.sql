-- How far everybody has read: members in groups, and each of the two in a private conversation. Whoever was there
-- before there were cursors has read everything.
ALTER TABLE member ADD COLUMN read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN low_read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN high_read INTEGER NOT NULL DEFAULT 0;
UPDATE member SET read = coalesce(
    (SELECT max(seq) FROM entry WHERE entry.conversation = member.conversation),
    (SELECT base FROM conversation WHERE conversation.conversation = member.conversation), 0
);

-- The number of the newest entry of a private conversation, whether it is kept or not. A user may have any number of
-- them, so that the newest must be found without looking at all. Groups need no such column: a user has few.
ALTER TABLE conversation ADD COLUMN newest INTEGER NOT NULL DEFAULT 0;
UPDATE conversation SET
    newest = coalesce((SELECT max(entry) FROM entry WHERE entry.conversation = conversation.conversation), 0),
    low_read = coalesce((SELECT max(seq) FROM entry WHERE entry.conversation = conversation.conversation), 0),
    high_read = coalesce((SELECT max(seq) FROM entry WHERE entry.conversation = conversation.conversation), 0)
    WHERE low IS NOT NULL;
CREATE INDEX newest_of_lower ON conversation (low, newest) WHERE low IS NOT NULL;
-- This one finds all of a user's, too.
CREATE INDEX newest_of_higher ON conversation (high, newest) WHERE high IS NOT NULL;
DROP INDEX conversation_of_higher;
