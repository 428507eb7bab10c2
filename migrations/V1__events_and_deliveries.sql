-- What is accepted, what is still to be sent, what was sent, and who may ask.
--
-- Times are TEXT of always 24 characters, UTC, `2025-10-26T14:30:00.000Z`: their order as text is
-- their order in time. The names of the checks are sentences: SQLite prints them when a row breaks one.

-- The facts that the staff system handed in. A row never changes.
CREATE TABLE events (
  seq             INTEGER PRIMARY KEY,  -- the order of acceptance
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

-- What is still to be sent: one row for each event that is neither delivered nor exhausted, and
-- none for the others. It is written with the event and removed with the last result, so whatever
-- a crash leaves behind stands here.
CREATE TABLE outbox (
  event_seq         INTEGER PRIMARY KEY REFERENCES events (seq),
  route             TEXT NOT NULL,
  due_at            TEXT NOT NULL,
  attempts_in_round INTEGER NOT NULL DEFAULT 0, -- a resend begins a new round with a fresh budget
  CONSTRAINT due_at_has_24_characters CHECK (length(due_at) = 24),
  CONSTRAINT attempts_in_round_is_not_negative CHECK (attempts_in_round >= 0)
) STRICT;
CREATE INDEX outbox_by_due ON outbox (route, due_at, event_seq);

-- Every HTTP request that was made, in the order of its result.
CREATE TABLE attempts (
  seq              INTEGER PRIMARY KEY,
  event_seq        INTEGER NOT NULL REFERENCES events (seq),
  attempt          INTEGER NOT NULL,    -- from 1, over all rounds
  started_at       TEXT NOT NULL,
  outcome          TEXT NOT NULL,
  http_status_code INTEGER,
  processing_time  INTEGER NOT NULL,    -- milliseconds
  error_message    TEXT,
  response_body    TEXT,
  CONSTRAINT an_attempt_happens_once UNIQUE (event_seq, attempt),
  CONSTRAINT attempts_count_from_1 CHECK (attempt >= 1),
  CONSTRAINT started_at_has_24_characters CHECK (length(started_at) = 24),
  CONSTRAINT outcome_is_success_failed_or_timeout CHECK (outcome IN ('success', 'failed', 'timeout')),
  CONSTRAINT a_success_has_no_error CHECK ((outcome = 'success') = (error_message IS NULL))
) STRICT;

-- The log of deliveries: one row for each event whose first attempt was made. Columns and values
-- are those of the shared MySQL schema.
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
  CONSTRAINT the_request_id_is_the_id CHECK (request_id = id),
  CONSTRAINT status_is_success_failed_or_timeout CHECK (status IN ('success', 'failed', 'timeout')),
  CONSTRAINT sent_at_has_24_characters CHECK (length(sent_at) = 24),
  CONSTRAINT a_retry_has_a_time CHECK ((retry_count = 0) = (last_retry_at IS NULL))
) STRICT;
-- Everything that the statistics read, so that they never touch the rows themselves.
CREATE INDEX sent_at_idx ON webhook_send_logs (sent_at, event_type, status, retry_count, processing_time);

-- The queue of retries: at most one row for an event, from its first failure on. Columns and
-- values are those of the shared MySQL schema. `id` is the event's too: one event, one row.
CREATE TABLE webhook_retry_queue (
  id              TEXT NOT NULL PRIMARY KEY,
  original_log_id TEXT NOT NULL REFERENCES webhook_send_logs (id),
  event_type      TEXT NOT NULL,
  payload         TEXT NOT NULL,              -- the event's data, as JSON
  retry_attempt   INTEGER NOT NULL DEFAULT 0, -- retries made, over all rounds
  max_retries     INTEGER NOT NULL DEFAULT 3, -- retries that this round allows, counted the same way
  next_retry_at   TEXT NOT NULL,
  status          TEXT NOT NULL,
  last_error      TEXT,
  created_at      TEXT NOT NULL,
  updated_at      TEXT NOT NULL,
  CONSTRAINT one_queue_row_for_one_log_row CHECK (original_log_id = id),
  CONSTRAINT status_is_pending_processing_completed_or_failed
    CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
  CONSTRAINT next_retry_at_has_24_characters CHECK (length(next_retry_at) = 24),
  CONSTRAINT retries_stay_within_their_budget CHECK (retry_attempt <= max_retries)
) STRICT;
CREATE INDEX status_next_retry_at_idx ON webhook_retry_queue (status, next_retry_at);

-- The keys under which events were handed in, with a hash of what was handed in. They outlive the
-- events: the key is the guard against a second acceptance.
CREATE TABLE idempotency_keys (
  key          TEXT NOT NULL PRIMARY KEY,
  content_hash BLOB NOT NULL,                 -- SHA-256
  event_id     TEXT NOT NULL,                 -- no reference: the event may have been purged
  created_at   TEXT NOT NULL,
  CONSTRAINT content_hash_has_32_bytes CHECK (length(content_hash) = 32)
) STRICT, WITHOUT ROWID;

-- The JWTs that were issued here, for the list and for revoking; never the tokens themselves.
CREATE TABLE tokens (
  jti        TEXT NOT NULL PRIMARY KEY,
  subject    TEXT,                            -- none: issued elsewhere with the same key, known only as revoked
  scope      TEXT,
  issued_at  TEXT,
  expires_at TEXT,
  revoked_at TEXT
) STRICT, WITHOUT ROWID;
