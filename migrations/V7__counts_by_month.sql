-- Interviews are counted by month too, so that a question over years adds up months, and each count is
-- one row for all statuses. A send is counted with one statement for both of its slots.

DROP TRIGGER a_send_is_counted;
CREATE TRIGGER a_send_is_counted AFTER INSERT ON webhook_send_logs BEGIN
  INSERT INTO send_counts
    SELECT column1, new.event_type, 1, new.status = 'success', new.status = 'failed',
           new.status = 'timeout', new.retry_count > 0,
           iif(new.status = 'success', new.processing_time, 0)
      FROM (VALUES ('hour ' || substr(new.sent_at, 1, 13)), ('minute ' || substr(new.sent_at, 1, 16)))
     WHERE true -- Without it SQLite takes ON CONFLICT for the condition of a join.
    ON CONFLICT DO UPDATE
       SET sent = sent + 1, succeeded = succeeded + excluded.succeeded,
           failed = failed + excluded.failed, timeout = timeout + excluded.timeout,
           retried = retried + excluded.retried,
           successful_ms = successful_ms + excluded.successful_ms;
END;

DROP VIEW interviews_counted;
DROP TABLE interview_counts;

-- Interviews by the month and by the day, in UTC, in which they take place. A facility or department of ''
-- stands for all of them. Counted by the program and not by triggers: with a trigger SQLite keeps what
-- every statement changed until the transaction ends, and the import of a long file writes a hundred
-- times what it keeps.
CREATE TABLE interview_counts (
  facility       TEXT NOT NULL,
  department     TEXT NOT NULL,
  slot           TEXT NOT NULL,         -- 'month 2025-10' or 'day 2025-10-26'
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

CREATE VIEW interviews_counted AS
  SELECT iif(every.facility, '', facility_id) AS facility,
         iif(every.department, '', department_id) AS department,
         unit || substr(interview_date, 1, characters) AS slot, interview_type,
         sum(interview_status = 'scheduled') AS scheduled,
         sum(interview_status = 'completed') AS completed,
         sum(interview_status = 'cancelled') AS cancelled,
         sum(interview_status = 'no_show') AS no_show,
         sum(interview_status = 'rescheduled') AS rescheduled,
         count(voicedrive_sync_id) AS synced,
         sum(interview_status = 'completed' AND duration_minutes IS NOT NULL) AS timed,
         sum(iif(interview_status = 'completed', coalesce(duration_minutes, 0), 0)) AS minutes
    FROM interviews
    JOIN (SELECT column1 AS unit, column2 AS characters FROM (VALUES ('month ', 7), ('day ', 10)))
    JOIN (SELECT column1 AS facility, column2 AS department
            FROM (VALUES (1, 1), (1, 0), (0, 1), (0, 0))) AS every
      ON (every.facility OR facility_id <> '') AND (every.department OR department_id <> '')
   GROUP BY 1, 2, 3, 4;

INSERT INTO interview_counts SELECT * FROM interviews_counted;
