-- What an admin is told about: what began, what is over, and who was told what.

-- Why an attempt did not succeed, as one word of a closed list. Attempts of before have none.
ALTER TABLE attempts ADD COLUMN cause TEXT
  CONSTRAINT a_success_has_no_cause CHECK (cause IS NULL OR outcome <> 'success');

-- One row from the beginning of a condition to its end.
CREATE TABLE incidents (
  seq            INTEGER PRIMARY KEY,
  id             TEXT NOT NULL UNIQUE,  -- a UUID of version 7
  kind           TEXT NOT NULL,
  subject        TEXT NOT NULL,         -- a route; empty for what concerns the whole daemon
  opened_at      TEXT NOT NULL,
  announced_at   TEXT,                  -- none: the threshold was not reached yet
  calm_since     TEXT,                  -- since when the condition does not hold
  closed_at      TEXT,
  digests        INTEGER NOT NULL DEFAULT 0,
  next_digest_at TEXT,
  finding        TEXT NOT NULL,         -- what was found last, as JSON
  CONSTRAINT opened_at_has_24_characters CHECK (length(opened_at) = 24),
  CONSTRAINT closed_at_has_24_characters CHECK (length(closed_at) = 24)
) STRICT;
CREATE UNIQUE INDEX one_open_incident_of_a_kind ON incidents (kind, subject) WHERE closed_at IS NULL;

-- The deliveries that an incident counts. They go when the event is purged.
CREATE TABLE incident_deliveries (
  event_seq INTEGER NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
  incident  INTEGER NOT NULL REFERENCES incidents (seq) ON DELETE CASCADE,
  ended     TEXT,                       -- none: it still waits for its end
  PRIMARY KEY (event_seq, incident),
  CONSTRAINT ended_is_delivered_or_dismissed CHECK (ended IN ('delivered', 'dismissed'))
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_deliveries_by_incident ON incident_deliveries (incident, ended, event_seq);

-- What there is to tell, in order. A report is complete: it says what was true at its moment.
CREATE TABLE alert_messages (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  incident INTEGER NOT NULL REFERENCES incidents (seq) ON DELETE CASCADE,
  state    TEXT NOT NULL,
  report   TEXT NOT NULL,               -- JSON
  CONSTRAINT state_is_opened_ongoing_or_resolved CHECK (state IN ('opened', 'ongoing', 'resolved'))
) STRICT;
CREATE INDEX alert_messages_by_incident ON alert_messages (incident, seq);

-- How far each channel has told them.
CREATE TABLE alert_channels (
  name        TEXT NOT NULL PRIMARY KEY,
  told        INTEGER NOT NULL,         -- the last message that it took or that was passed over
  tries       INTEGER NOT NULL DEFAULT 0,
  next_try_at TEXT,
  last_error  TEXT
) STRICT, WITHOUT ROWID;
