-- Writes the staff system's interviews as one JSON record a line, as `import interviews` takes them.
-- The times of the table are UTC. Employees are named by their code (EMP-...), which VoiceDrive knows;
-- an interview whose employee is gone from the table `employees` is left out.
--
--   mysql -N -r --default-character-set=utf8mb4 DATABASE < interviews.sql > interviews.ndjson
SELECT JSON_OBJECT(
    'id', i.id,
    'employeeId', e.employeeCode,
    'employeeName', e.name,
    'interviewerId', v.employeeCode,
    'interviewType', i.interview_type,
    'interviewDate', DATE_FORMAT(i.interview_date, '%Y-%m-%dT%H:%i:%sZ'),
    'interviewStatus', LOWER(COALESCE(i.interview_status, 'scheduled')),
    'durationMinutes', i.duration_minutes,
    'voicedriveSyncId', NULLIF(i.voicedrive_sync_id, ''),
    'rescheduledFromId', i.rescheduled_from_id,
    'facilityId', f.code,
    'departmentId', d.code)
  FROM interviews i
  JOIN employees e ON e.id = i.employee_id
  LEFT JOIN employees v ON v.id = i.interviewer_id
  LEFT JOIN facilities f ON f.id = e.facilityId
  LEFT JOIN departments d ON d.id = e.departmentId
 ORDER BY i.interview_date, i.id;
