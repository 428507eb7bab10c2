CREATE OR REPLACE SQL SECURITY INVOKER VIEW voicedrive_relay.relay_interviews AS
SELECT s.id, CAST(s.interview_type AS BINARY) AS interview_type, s.interview_date,
       COALESCE(CAST(s.interview_status AS CHAR), 'scheduled') AS interview_status, s.duration_minutes,
       s.voicedrive_sync_id, CAST(o.facility_id AS BINARY) AS facility_id, CAST(o.department_id AS BINARY) AS department_id,
       IF(EXISTS (SELECT 1 FROM voicedrive_relay.placed_rows f
                   WHERE f.shared_table = 'interviews' AND f.id = CAST(o.rescheduled_from_id AS BINARY)),
          CAST(s.rescheduled_from_id AS BINARY), CAST(o.rescheduled_from_id AS BINARY)) AS rescheduled_from_id,
       o.seq, o.employee_id, o.employee_name, o.completed_at, o.status_reason
  FROM staff_system.interviews s
  STRAIGHT_JOIN voicedrive_relay.placed_rows p ON p.shared_table = 'interviews' AND p.id = CAST(s.id AS BINARY)
  STRAIGHT_JOIN voicedrive_relay.interviews o ON o.id = p.id
UNION ALL
SELECT o.id, CAST(o.interview_type AS BINARY),
       CAST(REPLACE(REPLACE(o.interview_date, 'T', ' '), 'Z', '') AS DATETIME(3)), o.interview_status,
       o.duration_minutes, o.voicedrive_sync_id, CAST(o.facility_id AS BINARY), CAST(o.department_id AS BINARY),
       CAST(o.rescheduled_from_id AS BINARY), o.seq, o.employee_id, o.employee_name, o.completed_at, o.status_reason
  FROM voicedrive_relay.interviews o
 WHERE NOT EXISTS (SELECT 1 FROM voicedrive_relay.placed_rows p WHERE p.shared_table = 'interviews' AND p.id = o.id)
