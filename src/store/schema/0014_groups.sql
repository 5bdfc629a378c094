-- The list of all groups goes past what is left of those that were deleted, however many they are.
CREATE INDEX standing_group ON conversation (gid) WHERE gid IS NOT NULL AND deleted = 0;
