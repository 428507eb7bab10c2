-- One row that is written when nothing else was for a while and somebody asks whether the database
-- can be written.
CREATE TABLE heartbeat (
  id      INTEGER PRIMARY KEY,
  seen_at TEXT NOT NULL,
  CONSTRAINT there_is_one_row CHECK (id = 1),
  CONSTRAINT seen_at_has_24_characters CHECK (length(seen_at) = 24)
) STRICT;
