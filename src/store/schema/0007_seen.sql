-- The day on which a guest was last here, in days since 1970. Those of before count from today.
ALTER TABLE user ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
UPDATE user SET seen = unixepoch() / 86400 WHERE guest = 1;
CREATE INDEX guest_by_day ON user (seen, uid) WHERE guest = 1;
