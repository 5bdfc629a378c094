-- An entry that says of another one that it was recalled has its number in `recalls`, and no text. That other one is
-- `recalled`: it keeps its place, its author and its time.
ALTER TABLE entry ADD COLUMN recalls INTEGER CHECK (recalls > 0);
ALTER TABLE entry ADD COLUMN recalled INTEGER NOT NULL DEFAULT 0 CHECK (recalled IN (0, 1));
