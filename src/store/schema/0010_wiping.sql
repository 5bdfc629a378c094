-- Terms of long texts that were recalled, by their row in the index, as far as they are still to be taken out of it.
CREATE TABLE wiping (
    wiping INTEGER PRIMARY KEY,
    row INTEGER NOT NULL,
    terms TEXT NOT NULL
) STRICT;
