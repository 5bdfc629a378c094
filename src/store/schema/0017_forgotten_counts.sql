-- What else went with who was deleted; of who was before this, it is not known. Tickets stay: those of the person that are
-- counted have numbers up to `until_ticket`.
ALTER TABLE forgotten ADD COLUMN files INTEGER NOT NULL DEFAULT 0;
ALTER TABLE forgotten ADD COLUMN tickets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE forgotten ADD COLUMN until_ticket INTEGER NOT NULL DEFAULT 0;
ALTER TABLE forgotten ADD COLUMN notes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE forgotten ADD COLUMN canned INTEGER NOT NULL DEFAULT 0;
