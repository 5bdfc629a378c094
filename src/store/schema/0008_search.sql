-- Under which terms each entry is found (store/index.rs says what they are). The texts themselves are not in it. Terms
-- stand between spaces, and have no other ASCII than letters and digits, so the simplest tokenizer will do. Segments
-- are merged when the store says so, and never while an entry is added.
CREATE VIRTUAL TABLE entry_index USING fts5(
    terms, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
);
INSERT INTO entry_index (entry_index, rank) VALUES ('automerge', 0), ('crisismerge', 1000), ('secure-delete', 0);

-- Up to this entry all are in it.
INSERT INTO meta VALUES ('indexed_until', 0);
