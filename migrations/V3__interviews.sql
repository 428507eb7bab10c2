-- Interview records, as the staff system hands them in. Columns and values are those of the shared
-- MySQL schema, with the ones of the relay's contract.
CREATE TABLE interviews (
  seq                 INTEGER PRIMARY KEY, -- the order of first arrival; breaks ties in lists
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
    CHECK (interview_status IN ('scheduled', 'completed', 'cancelled', 'no_show', 'rescheduled')),
  CONSTRAINT interview_date_has_24_characters CHECK (length(interview_date) = 24),
  CONSTRAINT completed_at_has_24_characters CHECK (length(completed_at) = 24),
  CONSTRAINT duration_is_at_most_a_day CHECK (duration_minutes BETWEEN 0 AND 1440),
  CONSTRAINT an_interview_is_not_rescheduled_from_itself CHECK (rescheduled_from_id <> id)
) STRICT;
CREATE UNIQUE INDEX interviews_by_sync_id ON interviews (voicedrive_sync_id)
  WHERE voicedrive_sync_id IS NOT NULL;
-- Asked for when a record is deleted or its chain is walked, and for the newest rescheduled ones.
CREATE INDEX interviews_by_origin ON interviews (rescheduled_from_id, interview_date)
  WHERE rescheduled_from_id IS NOT NULL;
-- Everything that the statistics read, so that they never touch the rows themselves.
CREATE INDEX interviews_by_date ON interviews (
  interview_date, facility_id, department_id, interview_type, interview_status, duration_minutes,
  voicedrive_sync_id);
