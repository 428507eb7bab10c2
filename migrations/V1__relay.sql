-- What is accepted, what is still to be sent, what was sent, who may ask, and who did what.
--
-- Times of day are TEXT of always 24 characters, UTC, `2025-10-26T14:30:00.000Z`: their order as text is
-- their order in time. Moments until which something waits are INTEGER, milliseconds on the relay's own time
-- axis (see relay_time): setting the clock does not move them.
--
-- Ids that may never come back are AUTOINCREMENT. The names of the checks are sentences: SQLite prints them
-- when a row breaks one. A check of more than two words is written with OR: for a list SQLite builds a
-- table of its own for every row that it checks.

-- 'VDRL': how a database of this program is told from any other. The user_version is a random number that is the same
-- in all copies of one database: it is set before the tables are made.
PRAGMA application_id = 1447318092;

-- The relay's own time axis: the wall clock of the first start, and from then on the time that passed. While
-- the relay runs, the monotonic clock says how much; between two runs the wall clock does.
CREATE TABLE relay_time (
  id       INTEGER PRIMARY KEY,
  axis_ms  INTEGER NOT NULL,            -- where the axis was...
  wall_at  TEXT NOT NULL,               -- ...when the wall clock showed this
  lived_ms INTEGER NOT NULL,            -- and how old the relay was: time that surely passed, whatever the wall clock showed
  set_back_ms INTEGER NOT NULL,         -- by how much the wall clock was set back: so much of later pauses does not count
  believed_ahead_ms INTEGER NOT NULL,   -- how far the axis is ahead of the wall clock that is believed
  strange_since_ms  INTEGER,            -- on the axis: since when the wall clock is far from the believed one
  restores INTEGER NOT NULL DEFAULT 0,  -- how often a copy was put in this database's place: what was restored later
                                        -- counts as later, whatever it lacks
  CONSTRAINT there_is_one_row CHECK (id = 1),
  CONSTRAINT wall_at_has_24_characters CHECK (length(wall_at) = 24)
) STRICT;

-- How far the tables had come when the relay was so old. What is old is told by these row numbers: times of day that were
-- written by a wrong clock say nothing.
CREATE TABLE milestones (
  lived_ms    INTEGER PRIMARY KEY,
  events      INTEGER NOT NULL,         -- the last row number of each table
  attempts    INTEGER NOT NULL,
  actions     INTEGER NOT NULL,
  comparisons INTEGER NOT NULL
) STRICT;

-- The facts that the staff system handed in.
CREATE TABLE events (
  seq             INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of acceptance
  id              TEXT NOT NULL UNIQUE, -- a UUID of version 7; also the delivery's id and its X-Request-ID
  event_type      TEXT NOT NULL,
  staff_id        TEXT,
  event_timestamp TEXT NOT NULL,        -- when it happened
  accepted_at     TEXT NOT NULL,        -- when it was handed in
  route           TEXT NOT NULL,        -- decided at acceptance, so that a retry goes where the first attempt went
  data            TEXT NOT NULL,        -- the payload, in the spelling that survives JavaScript
  CONSTRAINT event_timestamp_has_24_characters CHECK (length(event_timestamp) = 24),
  CONSTRAINT accepted_at_has_24_characters CHECK (length(accepted_at) = 24)
) STRICT;
CREATE INDEX events_by_type ON events (event_type, seq);
CREATE INDEX events_by_staff ON events (staff_id, seq) WHERE staff_id IS NOT NULL;

-- What is still to be sent: one row for each event that is neither delivered nor exhausted, and none for the
-- others. It is written with the event and removed with the last result, so whatever a crash leaves behind
-- stands here. A delivery is due when its moment has come, waits for a time until then, and without a
-- moment it is behind an earlier one of its person. The deliveries of one person on one route are a line.
CREATE TABLE outbox (
  event_seq         INTEGER PRIMARY KEY REFERENCES events (seq),
  route             TEXT NOT NULL,
  staff_id          TEXT,               -- whose deliveries of this route keep their order; none: in no order
  due_ms            INTEGER,            -- on the time axis; none: behind another delivery
  attempts_in_round INTEGER NOT NULL DEFAULT 0, -- a resend begins a new round with a fresh budget
  place             INTEGER NOT NULL DEFAULT 2, -- 0: beside the line, 1: in it, 2: at its front, and maybe under way
  tail              INTEGER NOT NULL DEFAULT 0, -- whether later deliveries are made again after it; 0: none was made
  CONSTRAINT attempts_in_round_is_not_negative CHECK (attempts_in_round >= 0),
  CONSTRAINT place_is_0_to_2 CHECK (place BETWEEN 0 AND 2),
  CONSTRAINT tail_is_0_to_3 CHECK (tail BETWEEN 0 AND 3),
  CONSTRAINT who_is_behind_is_in_the_line CHECK (place = 1 OR due_ms IS NOT NULL)
) STRICT;
CREATE INDEX outbox_by_due ON outbox (route, due_ms, event_seq) WHERE due_ms IS NOT NULL;
-- The one at the front of a line, and the next one.
CREATE INDEX outbox_by_staff ON outbox (staff_id, route, place, event_seq) WHERE staff_id IS NOT NULL;

-- The routes whose deliveries are made in no order, as the rows of the outbox were arranged last.
CREATE TABLE routes_without_order (
  route TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Every HTTP request that was made, in the order of its result.
CREATE TABLE attempts (
  seq              INTEGER PRIMARY KEY AUTOINCREMENT,
  event_seq        INTEGER NOT NULL REFERENCES events (seq),
  attempt          INTEGER NOT NULL,    -- from 1, over all rounds
  started_at       TEXT NOT NULL,
  outcome          TEXT NOT NULL,
  http_status_code INTEGER,
  processing_time  INTEGER NOT NULL,    -- milliseconds
  error_message    TEXT,
  response_body    TEXT,
  cause            TEXT,                -- why it did not succeed, as one word of a closed list
  CONSTRAINT an_attempt_happens_once UNIQUE (event_seq, attempt),
  CONSTRAINT attempts_count_from_1 CHECK (attempt >= 1),
  CONSTRAINT started_at_has_24_characters CHECK (length(started_at) = 24),
  CONSTRAINT outcome_is_success_failed_or_timeout
    CHECK (outcome = 'success' OR outcome = 'failed' OR outcome = 'timeout'),
  CONSTRAINT a_success_has_no_error CHECK ((outcome = 'success') = (error_message IS NULL)),
  CONSTRAINT a_success_has_no_cause CHECK (cause IS NULL OR outcome <> 'success')
) STRICT;

-- The log of deliveries: one row for each event whose first attempt was made. Columns and values are those of
-- the shared MySQL schema; `route` is the relay's own.
CREATE TABLE webhook_send_logs (
  id               TEXT NOT NULL PRIMARY KEY REFERENCES events (id),
  event_type       TEXT NOT NULL,
  event_timestamp  TEXT NOT NULL,
  sent_at          TEXT NOT NULL,             -- the first attempt's
  staff_id         TEXT,
  request_id       TEXT,                      -- unique because it is the id
  payload_size     INTEGER NOT NULL,          -- bytes of the body that was sent
  status           TEXT NOT NULL,             -- the last attempt's
  http_status_code INTEGER,
  processing_time  INTEGER NOT NULL,          -- milliseconds, the last attempt's
  error_message    TEXT,
  retry_count      INTEGER NOT NULL DEFAULT 0,
  last_retry_at    TEXT,
  response_body    TEXT,
  created_at       TEXT NOT NULL,
  route            TEXT NOT NULL,             -- that the last attempt took
  CONSTRAINT the_request_id_is_the_id CHECK (request_id = id),
  CONSTRAINT status_is_success_failed_or_timeout
    CHECK (status = 'success' OR status = 'failed' OR status = 'timeout'),
  CONSTRAINT sent_at_has_24_characters CHECK (length(sent_at) = 24),
  CONSTRAINT a_retry_has_a_time CHECK ((retry_count = 0) = (last_retry_at IS NULL))
) STRICT;
-- Everything that the statistics read, so that they never touch the rows themselves.
CREATE INDEX sent_at_idx ON webhook_send_logs (sent_at, route, event_type, status, retry_count, processing_time);
-- The oldest of a route that was delivered and not compared, however many others there are.
CREATE INDEX delivered_by_route ON webhook_send_logs (route, id) WHERE status = 'success';
-- Few need a retry: what has become of those, without a look at the rows.
CREATE INDEX retried_idx ON webhook_send_logs (status, sent_at, route, id) WHERE retry_count > 0;

-- The queue of retries: at most one row for an event, from its first failure on. Columns and values are those
-- of the shared MySQL schema. `id` is the event's too: one event, one row.
CREATE TABLE webhook_retry_queue (
  id              TEXT NOT NULL PRIMARY KEY,
  original_log_id TEXT NOT NULL REFERENCES webhook_send_logs (id),
  event_type      TEXT NOT NULL,
  payload         TEXT NOT NULL,              -- the event's data, as JSON
  retry_attempt   INTEGER NOT NULL DEFAULT 0, -- retries made, over all rounds
  max_retries     INTEGER NOT NULL DEFAULT 3, -- retries that this round allows, counted the same way
  next_retry_at   TEXT NOT NULL,              -- by the clock of the moment in which it was planned
  status          TEXT NOT NULL,
  last_error      TEXT,
  created_at      TEXT NOT NULL,
  updated_at      TEXT NOT NULL,
  CONSTRAINT one_queue_row_for_one_log_row CHECK (original_log_id = id),
  CONSTRAINT status_is_pending_processing_completed_or_failed
    CHECK (status = 'pending' OR status = 'processing' OR status = 'completed' OR status = 'failed'),
  CONSTRAINT next_retry_at_has_24_characters CHECK (length(next_retry_at) = 24),
  CONSTRAINT retries_stay_within_their_budget CHECK (retry_attempt <= max_retries)
) STRICT;
CREATE INDEX retry_queue_by_status ON webhook_retry_queue (status, id);
-- A log row is deleted with its queue row; SQLite looks here whether one is left.
CREATE INDEX retry_queue_by_log ON webhook_retry_queue (original_log_id);

-- Exhausted deliveries of which a person said that nothing more is to be done.
CREATE TABLE dismissed_deliveries (
  event_seq    INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
  dismissed_at TEXT NOT NULL,
  sent_at      TEXT,                    -- the first send, by which no count has it any more; none: it was never sent
  CONSTRAINT dismissed_at_has_24_characters CHECK (length(dismissed_at) = 24)
) STRICT;
CREATE INDEX dismissed_deliveries_by_sent_at ON dismissed_deliveries (sent_at) WHERE sent_at IS NOT NULL;

-- Deliveries that were exhausted, and that a comparison found at the partner: only the answer was lost.
CREATE TABLE arrived_deliveries (
  event_seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE
) STRICT;

-- When results of attempts were lost: the relay was killed, or a result could not be kept. What was accepted by then and is
-- attempted again may have been applied at that moment.
CREATE TABLE interruptions (
  after_attempt INTEGER PRIMARY KEY,    -- the last one that was kept
  last_event    INTEGER NOT NULL        -- the last one that was accepted
) STRICT;

-- Deliveries by the hour of their first send, counted when the rows change, so that a question over a million
-- of them is answered from a few hundred. What is dismissed is not counted.
CREATE TABLE send_counts (
  slot          TEXT NOT NULL,          -- 'day 2025-10-26', 'hour 2025-10-26T14'
  route         TEXT NOT NULL,
  event_type    TEXT NOT NULL,
  sent          INTEGER NOT NULL,
  succeeded     INTEGER NOT NULL,       -- by the last attempt, like the two after it
  failed        INTEGER NOT NULL,
  timeout       INTEGER NOT NULL,
  retried       INTEGER NOT NULL,       -- those with at least one retry
  successful_ms INTEGER NOT NULL,       -- what the last attempts of the successful took, all together
  PRIMARY KEY (slot, route, event_type)
) STRICT, WITHOUT ROWID;

-- The retry queue by the log row's route and by status; those that were dismissed have a status of their own.
CREATE TABLE queue_counts (
  route      TEXT NOT NULL,
  status     TEXT NOT NULL,
  deliveries INTEGER NOT NULL,
  PRIMARY KEY (route, status)
) STRICT, WITHOUT ROWID;

-- The keys under which events were handed in, as SHA-256, with a digest of what was handed in. They outlive
-- the events: the key is the guard against a second acceptance.
CREATE TABLE idempotency_keys (
  key_hash       BLOB NOT NULL,
  position       INTEGER NOT NULL,      -- in the batch, from 0; a single event is a batch of one
  content_digest BLOB,                  -- none: erased with its person, and whatever comes is the same
  event_id       TEXT NOT NULL,         -- no reference: the event may have been purged
  created_at     TEXT NOT NULL,
  PRIMARY KEY (key_hash, position),
  CONSTRAINT key_hash_has_32_bytes CHECK (length(key_hash) = 32),
  CONSTRAINT content_digest_has_32_bytes CHECK (length(content_digest) = 32)
) STRICT, WITHOUT ROWID;

-- What was handed in lately, for the ingest that knows a repeat again. Both tables outlive the events and say where
-- an event stands in the order of acceptance. The first has the newest event of each family: those of a person
-- whose types begin with the same word, or those about nobody of one type. There are few of them, so writing them is cheap.
CREATE TABLE ingest_newest (
  staff_id       TEXT NOT NULL,         -- '': about nobody
  family         TEXT NOT NULL,
  event_seq      INTEGER NOT NULL,
  event_id       TEXT NOT NULL,         -- no reference: the event may have been purged
  content_digest BLOB NOT NULL,         -- of type, staff id and data
  accepted_ms    INTEGER NOT NULL,      -- on the time axis
  PRIMARY KEY (staff_id, family),
  CONSTRAINT content_digest_has_32_bytes CHECK (length(content_digest) = 32)
) STRICT, WITHOUT ROWID;

-- The newest event of each content that is looked for by itself: by the latest time in its data, or by the
-- X-Request-ID of its sender. Times grow as events come in, so the table grows at its end.
CREATE TABLE ingest_contents (
  found_by       TEXT NOT NULL,
  content_digest BLOB NOT NULL,
  event_seq      INTEGER NOT NULL,
  event_id       TEXT NOT NULL,         -- no reference, as above
  accepted_ms    INTEGER NOT NULL,      -- on the time axis
  PRIMARY KEY (found_by, content_digest),
  CONSTRAINT content_digest_has_32_bytes CHECK (length(content_digest) = 32)
) STRICT, WITHOUT ROWID;

-- How often an event was handed in again.
CREATE TABLE event_repeats (
  event_seq   INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
  repeats     INTEGER NOT NULL,
  repeated_at TEXT NOT NULL,            -- the last time
  CONSTRAINT repeated_at_has_24_characters CHECK (length(repeated_at) = 24)
) STRICT;

-- Interview records, as the staff system hands them in. Columns and values are those of the shared MySQL
-- schema, with the ones of the relay's contract.
CREATE TABLE interviews (
  seq                 INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of first arrival; breaks ties in lists
  id                  TEXT NOT NULL UNIQUE,
  employee_id         TEXT NOT NULL,
  employee_name       TEXT,
  interviewer_id      TEXT,
  interview_type      TEXT NOT NULL,
  interview_date      TEXT NOT NULL,
  interview_status    TEXT NOT NULL DEFAULT 'scheduled',
  duration_minutes    INTEGER,
  voicedrive_sync_id  TEXT,
  rescheduled_from_id TEXT REFERENCES interviews (id),
  facility_id         TEXT,
  department_id       TEXT,
  completed_at        TEXT,
  status_reason       TEXT,
  created_at          TEXT NOT NULL,
  updated_at          TEXT NOT NULL,
  CONSTRAINT interview_status_is_one_of_five
    CHECK (interview_status = 'scheduled' OR interview_status = 'completed' OR interview_status = 'cancelled'
        OR interview_status = 'no_show' OR interview_status = 'rescheduled'),
  CONSTRAINT interview_date_has_24_characters CHECK (length(interview_date) = 24),
  CONSTRAINT completed_at_has_24_characters CHECK (length(completed_at) = 24),
  CONSTRAINT duration_is_at_most_a_day CHECK (duration_minutes BETWEEN 0 AND 1440),
  CONSTRAINT an_interview_is_not_rescheduled_from_itself CHECK (rescheduled_from_id <> id)
) STRICT;
CREATE UNIQUE INDEX interviews_by_sync_id ON interviews (voicedrive_sync_id)
  WHERE voicedrive_sync_id IS NOT NULL;
CREATE INDEX interviews_by_employee ON interviews (employee_id);
-- Asked for when a record is deleted or its chain is walked.
CREATE INDEX interviews_by_origin ON interviews (rescheduled_from_id, interview_date)
  WHERE rescheduled_from_id IS NOT NULL;
-- Everything that the statistics read, so that they never touch the rows themselves.
CREATE INDEX interviews_by_date ON interviews (
  interview_date, facility_id, department_id, interview_type, interview_status, duration_minutes,
  voicedrive_sync_id);
-- What VoiceDrive's page names: a few of one status, the earliest or the latest.
CREATE INDEX interviews_by_status ON interviews (interview_status, interview_date);
CREATE INDEX interviews_rescheduled ON interviews (interview_date) WHERE rescheduled_from_id IS NOT NULL;

-- The rows of a file of interview records that is being imported, without what was written of them already. An import
-- that was broken off before it was decided is deleted at the start, and one that was decided is written to its end.
CREATE TABLE import_rows (
  place               INTEGER PRIMARY KEY, -- in the file
  id                  TEXT NOT NULL,
  employee_id         TEXT NOT NULL,
  employee_name       TEXT,
  interviewer_id      TEXT,
  interview_type      TEXT NOT NULL,
  interview_date      TEXT NOT NULL,
  interview_status    TEXT NOT NULL,
  duration_minutes    INTEGER,
  voicedrive_sync_id  TEXT,
  rescheduled_from_id TEXT,
  facility_id         TEXT,
  department_id       TEXT,
  completed_at        TEXT,
  status_reason       TEXT
) STRICT;
CREATE INDEX import_rows_by_id ON import_rows (id);
CREATE INDEX import_rows_by_sync_id ON import_rows (voicedrive_sync_id) WHERE voicedrive_sync_id IS NOT NULL;

-- That the rows are kept, and how far they were written. Without a row here nothing was decided.
CREATE TABLE import_decided (
  id      INTEGER PRIMARY KEY,
  at      TEXT NOT NULL,                -- the time that its records get
  written INTEGER NOT NULL,             -- the last place that was written; then come the names and ids that were in the way
  CONSTRAINT there_is_one_row CHECK (id = 1),
  CONSTRAINT at_has_24_characters CHECK (length(at) = 24)
) STRICT;

-- Interviews by the month, the day and the hour, in UTC, in which they take place. A facility or department of
-- '' stands for all of them; by the hour only those of everybody are counted, because one facility would have
-- about as many counts as interviews.
CREATE TABLE interview_counts (
  facility       TEXT NOT NULL,
  department     TEXT NOT NULL,
  slot           TEXT NOT NULL,         -- 'month 2025-10', 'day 2025-10-26' or 'hour 2025-10-26T14'
  interview_type TEXT NOT NULL,
  scheduled      INTEGER NOT NULL,
  completed      INTEGER NOT NULL,
  cancelled      INTEGER NOT NULL,
  no_show        INTEGER NOT NULL,
  rescheduled    INTEGER NOT NULL,
  synced         INTEGER NOT NULL,      -- of all of these, those with an id at VoiceDrive
  timed          INTEGER NOT NULL,      -- completed ones with a duration
  minutes        INTEGER NOT NULL,      -- their durations, all together
  PRIMARY KEY (facility, department, slot, interview_type)
) STRICT, WITHOUT ROWID;

-- The JWTs that were issued here, for the list and for revoking; never the tokens themselves.
CREATE TABLE tokens (
  jti        TEXT NOT NULL PRIMARY KEY,
  subject    TEXT,                      -- none: issued elsewhere with the same key, known only as revoked
  scope      TEXT,
  issued_at  TEXT,
  expires_at TEXT,
  revoked_at TEXT,
  key        TEXT                       -- the fingerprint of the key that signed it; none: issued elsewhere
) STRICT, WITHOUT ROWID;

-- What an admin is told about: one row from the beginning of a condition to its end.
CREATE TABLE incidents (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  id             TEXT NOT NULL UNIQUE,  -- a UUID of version 7
  kind           TEXT NOT NULL,
  subject        TEXT NOT NULL,         -- a route; empty for what concerns the whole daemon
  opened_at      TEXT NOT NULL,
  opened_ms      INTEGER NOT NULL,      -- the same on the time axis
  announced_at   TEXT,                  -- none: it was not told by itself yet
  clear_since_ms INTEGER,               -- on the time axis: since when the condition does not hold
  closed_at      TEXT,
  closed_lived_ms INTEGER,              -- how old the relay was then
  digests        INTEGER NOT NULL DEFAULT 0,
  told_ms        INTEGER,               -- on the time axis: when it was told last, by itself or with another
  finding        TEXT NOT NULL,         -- what was found last, as JSON
  purged_delivered INTEGER NOT NULL DEFAULT 0, -- its deliveries that were purged, by how they had ended for it
  purged_dismissed INTEGER NOT NULL DEFAULT 0,
  purged_open      INTEGER NOT NULL DEFAULT 0, -- what became of them nobody will know
  CONSTRAINT opened_at_has_24_characters CHECK (length(opened_at) = 24),
  CONSTRAINT closed_at_has_24_characters CHECK (length(closed_at) = 24)
) STRICT;
CREATE UNIQUE INDEX one_open_incident_of_a_kind ON incidents (kind, subject) WHERE closed_at IS NULL;
CREATE INDEX incidents_by_end ON incidents (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incidents_by_age ON incidents (closed_lived_ms) WHERE closed_lived_ms IS NOT NULL;

-- The deliveries that an incident counts. They go when the event is purged, and are counted with the incident then.
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
  name        TEXT NOT NULL PRIMARY KEY, -- says where it leads, so that its place in the configuration does not matter
  told        INTEGER NOT NULL,         -- the last message that it took or that was passed over
  begun       INTEGER NOT NULL,         -- the last message before its time: up to it, only what is open is told
  tries       INTEGER NOT NULL DEFAULT 0,
  next_try_ms INTEGER,                  -- on the time axis
  last_error  TEXT                      -- of the last try; also what it had against a message that it took
) STRICT, WITHOUT ROWID;

-- Recipients of a mail channel who have not got what the channel has told: the mail server did not take them for now.
CREATE TABLE late_recipients (
  channel     TEXT NOT NULL REFERENCES alert_channels (name) ON DELETE CASCADE,
  recipient   TEXT NOT NULL,            -- a mail address
  told        INTEGER NOT NULL,         -- the last message that the recipient got or that was passed over
  since_ms    INTEGER NOT NULL,         -- on the time axis, like the next one
  tries       INTEGER NOT NULL DEFAULT 0,
  next_try_ms INTEGER NOT NULL,
  last_error  TEXT NOT NULL,
  PRIMARY KEY (channel, recipient)
) STRICT, WITHOUT ROWID;

-- Routes that a person paused until a moment.
CREATE TABLE holds (
  route    TEXT NOT NULL PRIMARY KEY,   -- '*': every route
  until_ms INTEGER NOT NULL,            -- on the time axis: setting the clock does not end a hold early
  begun_at TEXT NOT NULL,
  reason   TEXT NOT NULL,
  who      TEXT NOT NULL,
  CONSTRAINT begun_at_has_24_characters CHECK (length(begun_at) = 24)
) STRICT, WITHOUT ROWID;

-- What an outage of a receiver has left to do on its route. Moments are on the time axis.
CREATE TABLE recoveries (
  route         TEXT NOT NULL PRIMARY KEY,
  away_since_ms INTEGER,                -- the first attempt since the last success that failed because it was away; none: it is there
  exhausted_ms  INTEGER,                -- when a delivery was exhausted so last; none: nothing is left
  probes        INTEGER NOT NULL DEFAULT 0, -- made by the relay itself since then
  probe_seq     INTEGER,                -- the exhausted delivery that is sent to see whether it is back
  asked         INTEGER NOT NULL DEFAULT 0, -- what is exhausted follows when it is back
  retries       INTEGER NOT NULL DEFAULT 0, -- retries that wait follow
  after_seq     INTEGER,                -- how far that has come, in the order of acceptance; none: nothing follows
  last_seq      INTEGER                 -- and how far it goes
) STRICT, WITHOUT ROWID;

-- Deliveries that are exhausted because the receiver was away. While they follow, one that goes before a newer one of its
-- person is in the outbox already; it is here until its attempt begins.
CREATE TABLE left_by_outages (
  event_seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
  route     TEXT NOT NULL,              -- that the last attempt took
  staff_id  TEXT
) STRICT;
CREATE INDEX left_by_outages_by_route ON left_by_outages (route, event_seq);
-- The oldest of a person.
CREATE INDEX left_by_outages_by_staff ON left_by_outages (staff_id, route, event_seq) WHERE staff_id IS NOT NULL;

-- The comparisons of what was sent with what the partner says it has.
CREATE TABLE reconciliations (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL,            -- a UUID of version 7; one comparison has a row for each route
  compared_at TEXT NOT NULL,            -- the last time, when it was made again with the same result
  route       TEXT NOT NULL,
  from_id     TEXT NOT NULL,            -- the range that was compared, by event ids, both included
  to_id       TEXT NOT NULL,
  sent        INTEGER NOT NULL,
  received    INTEGER NOT NULL,
  matched     INTEGER NOT NULL,
  missing     INTEGER NOT NULL,
  no_effect   INTEGER NOT NULL,
  CONSTRAINT compared_at_has_24_characters CHECK (length(compared_at) = 24)
) STRICT;
CREATE INDEX reconciliations_by_route ON reconciliations (route, from_id);
CREATE INDEX reconciliations_by_time ON reconciliations (compared_at);

-- Deliveries that were answered with success, and that a comparison did not find at the partner, or without effect.
CREATE TABLE missing_deliveries (
  event_seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
  reason    TEXT NOT NULL,
  found_at  TEXT NOT NULL,
  ended_at  TEXT,                       -- none: still missing
  how       TEXT,                       -- a later comparison has found it, or a person said that nothing is to be done
  CONSTRAINT found_at_has_24_characters CHECK (length(found_at) = 24),
  CONSTRAINT ended_at_has_24_characters CHECK (length(ended_at) = 24),
  CONSTRAINT how_is_confirmed_or_dismissed CHECK (how IN ('confirmed', 'dismissed')),
  CONSTRAINT what_has_ended_says_how CHECK ((how IS NULL) = (ended_at IS NULL))
) STRICT;
CREATE INDEX missing_deliveries_by_time ON missing_deliveries (found_at);
CREATE INDEX missing_deliveries_unfinished ON missing_deliveries (event_seq) WHERE how IS NULL;

-- Those that were missing and were purged since: for a while they count in the goals as before.
CREATE TABLE purged_findings (
  seq           INTEGER PRIMARY KEY,
  route         TEXT NOT NULL,          -- that the last attempt took
  sent_at       TEXT NOT NULL,          -- the first attempt's
  found_at      TEXT NOT NULL,
  still_missing INTEGER NOT NULL,       -- 1: no comparison had found it, and none can any more
  lived_ms      INTEGER NOT NULL,       -- how old the relay was when it was purged
  CONSTRAINT sent_at_has_24_characters CHECK (length(sent_at) = 24),
  CONSTRAINT found_at_has_24_characters CHECK (length(found_at) = 24),
  CONSTRAINT still_missing_is_0_or_1 CHECK (still_missing BETWEEN 0 AND 1)
) STRICT;
CREATE INDEX purged_findings_by_age ON purged_findings (lived_ms);

-- Deliveries of a range that was compared, of which the comparison could not say anything: they were still to be made, or
-- were made after the list was. They stay unconfirmed until another comparison has them.
CREATE TABLE unjudged_deliveries (
  event_seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE
) STRICT;

-- Digests of what was delivered in days and hours that are over; forgotten when one of their deliveries changes.
CREATE TABLE delivered_digests (
  slot      TEXT NOT NULL,              -- 'day 2025-10-26', 'hour 2025-10-26T14'
  routes    TEXT NOT NULL,              -- their names, one a line
  end_ms    INTEGER NOT NULL,           -- the first moment behind the slot, in Unix milliseconds
  delivered INTEGER NOT NULL,
  open      INTEGER NOT NULL,
  digest    BLOB NOT NULL,              -- SHA-256 of the sorted ids
  PRIMARY KEY (slot, routes),
  CONSTRAINT digest_has_32_bytes CHECK (length(digest) = 32)
) STRICT, WITHOUT ROWID;
-- Whether any of them ends after an event was accepted: hardly ever.
CREATE INDEX delivered_digests_by_end ON delivered_digests (end_ms);

-- What staff ids are hashed with where they must not stand. The first is used for what is written; the others came with
-- a restore, and what was written with them is still found.
CREATE TABLE hash_keys (
  seq INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  CONSTRAINT key_has_32_bytes CHECK (length(key) = 32)
) STRICT;
INSERT INTO hash_keys (key) VALUES (randomblob(32));

-- People whose data were erased, by the keyed hashes of their staff ids.
CREATE TABLE erasures (
  staff_hash BLOB NOT NULL PRIMARY KEY,
  erased_at  TEXT NOT NULL,             -- the last time
  ended_at   TEXT,                      -- none: it was broken off, and has to be done again
  CONSTRAINT staff_hash_has_32_bytes CHECK (length(staff_hash) = 32),
  CONSTRAINT erased_at_has_24_characters CHECK (length(erased_at) = 24),
  CONSTRAINT ended_at_has_24_characters CHECK (length(ended_at) = 24)
) STRICT, WITHOUT ROWID;

-- Their events, which cannot be sent again.
CREATE TABLE erased_events (
  event_seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE
) STRICT;

-- Their interview records, by the keyed hashes of the ids under which they may be handed in again, and the ids
-- that they have now.
CREATE TABLE erased_interviews (
  id_hash BLOB NOT NULL PRIMARY KEY,
  id      TEXT NOT NULL,
  CONSTRAINT id_hash_has_32_bytes CHECK (length(id_hash) = 32)
) STRICT, WITHOUT ROWID;

-- Records of others that an erased person held, by the keyed hashes of the record's and the person's id: the record may be
-- handed in again, and is taken without that person.
CREATE TABLE erased_interviewers (
  hash BLOB NOT NULL PRIMARY KEY,
  CONSTRAINT hash_has_32_bytes CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;

-- Who did what, written in the action's own transaction. Rows are only added, and go after 400 days.
CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  who     TEXT NOT NULL,
  via     TEXT NOT NULL,                -- API, command line or page
  client  TEXT,                         -- from where
  action  TEXT NOT NULL,
  subject TEXT,                         -- what; a staff id only as a keyed hash
  count   INTEGER,
  reason  TEXT,
  CONSTRAINT at_has_24_characters CHECK (length(at) = 24)
) STRICT;
CREATE INDEX audit_by_time ON audit (at);

-- How many payloads each reader looked at on a day.
CREATE TABLE payload_reads (
  day    TEXT NOT NULL,                 -- '2025-10-26'
  who    TEXT NOT NULL,
  events INTEGER NOT NULL,
  lived_ms INTEGER NOT NULL,            -- how old the relay was at the last of them
  PRIMARY KEY (day, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX payload_reads_by_age ON payload_reads (lived_ms);

-- Who is logged in to the monitor page. Codes and cookies are kept as SHA-256.
CREATE TABLE monitor_sessions (
  secret_hash BLOB NOT NULL PRIMARY KEY,
  name        TEXT NOT NULL,
  role        TEXT NOT NULL,
  opened_at   TEXT,                     -- none: the login's code was not used yet
  ends_ms     INTEGER NOT NULL,         -- on the time axis
  idle_ms     INTEGER NOT NULL,         -- on the time axis: it ends when it is not used until then
  CONSTRAINT secret_hash_has_32_bytes CHECK (length(secret_hash) = 32),
  CONSTRAINT role_is_viewer_or_operator CHECK (role IN ('viewer', 'operator')),
  CONSTRAINT opened_at_has_24_characters CHECK (length(opened_at) = 24)
) STRICT, WITHOUT ROWID;
