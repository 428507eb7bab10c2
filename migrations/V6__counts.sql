-- Counts that are kept with the rows, so that a question over a million of them is answered from a few
-- hundred. Beside each table stands a view that counts the rows themselves: it fills the table
-- here, and a recount compares the two.

-- Deliveries by the hour and by the minute of their first send.
CREATE TABLE send_counts (
  slot          TEXT NOT NULL,          -- 'hour 2025-10-26T14' or 'minute 2025-10-26T14:30'
  event_type    TEXT NOT NULL,
  sent          INTEGER NOT NULL,
  succeeded     INTEGER NOT NULL,       -- by the last attempt, like the two after it
  failed        INTEGER NOT NULL,
  timeout       INTEGER NOT NULL,
  retried       INTEGER NOT NULL,       -- those with at least one retry
  successful_ms INTEGER NOT NULL,       -- what the last attempts of the successful took, all together
  PRIMARY KEY (slot, event_type)
) STRICT, WITHOUT ROWID;

CREATE VIEW sends_counted AS
  SELECT slot, event_type, count(*) AS sent, sum(status = 'success') AS succeeded,
         sum(status = 'failed') AS failed, sum(status = 'timeout') AS timeout,
         sum(retry_count > 0) AS retried, sum(iif(status = 'success', processing_time, 0)) AS successful_ms
    FROM (SELECT 'hour ' || substr(sent_at, 1, 13) AS slot, * FROM webhook_send_logs
          UNION ALL
          SELECT 'minute ' || substr(sent_at, 1, 16) AS slot, * FROM webhook_send_logs)
   GROUP BY slot, event_type;

CREATE TRIGGER a_send_is_counted AFTER INSERT ON webhook_send_logs BEGIN
  INSERT OR IGNORE INTO send_counts VALUES
    ('hour ' || substr(new.sent_at, 1, 13), new.event_type, 0, 0, 0, 0, 0, 0),
    ('minute ' || substr(new.sent_at, 1, 16), new.event_type, 0, 0, 0, 0, 0, 0);
  UPDATE send_counts
     SET sent = sent + 1,
         succeeded = succeeded + (new.status = 'success'),
         failed = failed + (new.status = 'failed'),
         timeout = timeout + (new.status = 'timeout'),
         retried = retried + (new.retry_count > 0),
         successful_ms = successful_ms + iif(new.status = 'success', new.processing_time, 0)
   WHERE slot IN ('hour ' || substr(new.sent_at, 1, 13), 'minute ' || substr(new.sent_at, 1, 16))
     AND event_type = new.event_type;
END;

CREATE TRIGGER a_retried_send_is_counted_anew
AFTER UPDATE OF status, retry_count, processing_time ON webhook_send_logs BEGIN
  UPDATE send_counts
     SET succeeded = succeeded + (new.status = 'success') - (old.status = 'success'),
         failed = failed + (new.status = 'failed') - (old.status = 'failed'),
         timeout = timeout + (new.status = 'timeout') - (old.status = 'timeout'),
         retried = retried + (new.retry_count > 0) - (old.retry_count > 0),
         successful_ms = successful_ms + iif(new.status = 'success', new.processing_time, 0)
                                       - iif(old.status = 'success', old.processing_time, 0)
   WHERE slot IN ('hour ' || substr(old.sent_at, 1, 13), 'minute ' || substr(old.sent_at, 1, 16))
     AND event_type = old.event_type;
END;

CREATE TRIGGER a_purged_send_is_not_counted AFTER DELETE ON webhook_send_logs BEGIN
  UPDATE send_counts
     SET sent = sent - 1,
         succeeded = succeeded - (old.status = 'success'),
         failed = failed - (old.status = 'failed'),
         timeout = timeout - (old.status = 'timeout'),
         retried = retried - (old.retry_count > 0),
         successful_ms = successful_ms - iif(old.status = 'success', old.processing_time, 0)
   WHERE slot IN ('hour ' || substr(old.sent_at, 1, 13), 'minute ' || substr(old.sent_at, 1, 16))
     AND event_type = old.event_type;
  DELETE FROM send_counts
   WHERE slot IN ('hour ' || substr(old.sent_at, 1, 13), 'minute ' || substr(old.sent_at, 1, 16))
     AND event_type = old.event_type AND sent = 0;
END;

-- The retry queue by status.
CREATE TABLE queue_counts (
  status     TEXT NOT NULL PRIMARY KEY,
  deliveries INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW queue_counted AS
  SELECT column1 AS status,
         (SELECT count(*) FROM webhook_retry_queue WHERE status = column1) AS deliveries
    FROM (VALUES ('pending'), ('processing'), ('completed'), ('failed'));

CREATE TRIGGER a_queued_delivery_is_counted AFTER INSERT ON webhook_retry_queue BEGIN
  UPDATE queue_counts SET deliveries = deliveries + 1 WHERE status = new.status;
END;

CREATE TRIGGER a_queued_delivery_moves_between_counts
AFTER UPDATE OF status ON webhook_retry_queue WHEN new.status <> old.status BEGIN
  UPDATE queue_counts SET deliveries = deliveries - 1 WHERE status = old.status;
  UPDATE queue_counts SET deliveries = deliveries + 1 WHERE status = new.status;
END;

CREATE TRIGGER a_purged_delivery_is_not_counted AFTER DELETE ON webhook_retry_queue BEGIN
  UPDATE queue_counts SET deliveries = deliveries - 1 WHERE status = old.status;
END;

-- Interviews by the day, in UTC, on which they take place. A facility or department of '' stands for all
-- of them. Counted by the program and not by triggers: with a trigger SQLite keeps what every
-- statement changed until the transaction ends, and the import of a long file writes a hundred times
-- what it keeps.
CREATE TABLE interview_counts (
  facility         TEXT NOT NULL,
  department       TEXT NOT NULL,
  day              TEXT NOT NULL,       -- '2025-10-26'
  interview_type   TEXT NOT NULL,
  interview_status TEXT NOT NULL,
  total            INTEGER NOT NULL,
  synced           INTEGER NOT NULL,    -- those with an id at VoiceDrive
  timed            INTEGER NOT NULL,    -- those with a duration
  minutes          INTEGER NOT NULL,    -- their durations, all together
  PRIMARY KEY (facility, department, day, interview_type, interview_status)
) STRICT, WITHOUT ROWID;

CREATE VIEW interviews_counted AS
  SELECT iif(every.facility, '', facility_id) AS facility,
         iif(every.department, '', department_id) AS department,
         substr(interview_date, 1, 10) AS day, interview_type, interview_status,
         count(*) AS total, count(voicedrive_sync_id) AS synced, count(duration_minutes) AS timed,
         coalesce(sum(duration_minutes), 0) AS minutes
    FROM interviews
    JOIN (SELECT column1 AS facility, column2 AS department
            FROM (VALUES (1, 1), (1, 0), (0, 1), (0, 0))) AS every
      ON (every.facility OR facility_id <> '') AND (every.department OR department_id <> '')
   GROUP BY 1, 2, 3, 4, 5;

INSERT INTO send_counts SELECT * FROM sends_counted;
INSERT INTO queue_counts SELECT * FROM queue_counted;
INSERT INTO interview_counts SELECT * FROM interviews_counted;

-- What VoiceDrive's page names: a few of one status, the earliest or the latest.
CREATE INDEX interviews_by_status ON interviews (interview_status, interview_date);
CREATE INDEX interviews_rescheduled ON interviews (interview_date) WHERE rescheduled_from_id IS NOT NULL;
