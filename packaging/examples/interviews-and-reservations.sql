-- Writes interviews and the reservations of coming ones as one JSON record a line: in the place of
-- interviews.sql, where the staff system has the table `interview_reservations`.
--
-- An interview that was made of a reservation (both carry the same id of VoiceDrive) keeps the id of the
-- reservation. So it takes the place of what was imported before, and is not counted twice.
--
--   mysql -N -r --default-character-set=utf8mb4 DATABASE < interviews-and-reservations.sql > interviews.ndjson

-- Interviews: their times are UTC.
SELECT JSON_OBJECT(
    'id', COALESCE(r.id, i.id),
    'employeeId', e.employeeCode,
    'employeeName', e.name,
    'interviewerId', v.employeeCode,
    'interviewType', i.interview_type,
    'interviewDate', DATE_FORMAT(i.interview_date, '%Y-%m-%dT%H:%i:%sZ'),
    'interviewStatus', LOWER(COALESCE(i.interview_status, 'scheduled')),
    'durationMinutes', i.duration_minutes,
    'voicedriveSyncId', NULLIF(i.voicedrive_sync_id, ''),
    'rescheduledFromId', COALESCE(origin_r.id, i.rescheduled_from_id),
    'facilityId', f.code,
    'departmentId', d.code)
  FROM interviews i
  JOIN employees e ON e.id = i.employee_id
  LEFT JOIN employees v ON v.id = i.interviewer_id
  LEFT JOIN facilities f ON f.id = e.facilityId
  LEFT JOIN departments d ON d.id = e.departmentId
  LEFT JOIN interview_reservations r ON r.voicedrive_request_id = NULLIF(i.voicedrive_sync_id, '')
  LEFT JOIN interviews origin ON origin.id = i.rescheduled_from_id
  LEFT JOIN interview_reservations origin_r
         ON origin_r.voicedrive_request_id = NULLIF(origin.voicedrive_sync_id, '')
 ORDER BY i.interview_date, i.id;

-- Reservations without an interview so far: date and time of day are those of the clock in Japan. The
-- staff id may be the employee's code, or the key of the table `employees`.
SELECT JSON_OBJECT(
    'id', r.id,
    'employeeId', COALESCE(e.employeeCode, r.staff_id),
    'employeeName', r.staff_name,
    'interviewType', LOWER(r.type),
    'interviewDate', CONCAT(DATE(r.scheduled_date), 'T', LPAD(r.scheduled_time, 5, '0'), ':00+09:00'),
    'interviewStatus', CASE LOWER(r.status)
                         WHEN 'completed' THEN 'completed'
                         WHEN 'cancelled' THEN 'cancelled'
                         WHEN 'no_show' THEN 'no_show'
                         WHEN 'rescheduled' THEN 'rescheduled'
                         ELSE 'scheduled'
                       END,
    'voicedriveSyncId', NULLIF(r.voicedrive_request_id, ''),
    'facilityId', f.code,
    'departmentId', d.code)
  FROM interview_reservations r
  LEFT JOIN employees e ON e.id = r.staff_id OR e.employeeCode = r.staff_id
  LEFT JOIN facilities f ON f.id = e.facilityId
  LEFT JOIN departments d ON d.id = e.departmentId
 WHERE NOT EXISTS (SELECT 1 FROM interviews i
                    WHERE NULLIF(i.voicedrive_sync_id, '') = r.voicedrive_request_id)
 ORDER BY r.scheduled_date, r.scheduled_time, r.id;
