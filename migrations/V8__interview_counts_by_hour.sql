-- Interviews are counted by the hour too, so that a question that begins in the middle of a day need not
-- look at the rows of that day. Only where facility and department are '': for each of them there would be
-- as many counts as there are interviews.

DROP VIEW interviews_counted;
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
    JOIN (SELECT column1 AS facility, column2 AS department, column3 AS unit, column4 AS characters
            FROM (VALUES (1, 1, 'month ', 7), (1, 0, 'month ', 7), (0, 1, 'month ', 7), (0, 0, 'month ', 7),
                         (1, 1, 'day ', 10), (1, 0, 'day ', 10), (0, 1, 'day ', 10), (0, 0, 'day ', 10),
                         (1, 1, 'hour ', 13))) AS every
      ON (every.facility OR facility_id <> '') AND (every.department OR department_id <> '')
   GROUP BY 1, 2, 3, 4;

INSERT INTO interview_counts SELECT * FROM interviews_counted WHERE slot LIKE 'hour %';
