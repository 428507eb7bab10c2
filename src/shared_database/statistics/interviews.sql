SELECT interview_type, SUM(interview_status = 'completed') AS completed, SUM(interview_status = 'scheduled') AS scheduled,
       SUM(interview_status = 'cancelled') AS cancelled, SUM(interview_status = 'no_show') AS no_show,
       SUM(interview_status = 'rescheduled') AS rescheduled, COUNT(voicedrive_sync_id) AS synced,
       SUM(interview_status = 'completed' AND duration_minutes IS NOT NULL) AS timed,
       SUM(IF(interview_status = 'completed', COALESCE(duration_minutes, 0), 0)) AS minutes
  FROM voicedrive_relay.relay_interviews
 WHERE interview_date BETWEEN ? AND ? AND (? IS NULL OR facility_id = CAST(? AS BINARY))
   AND (? IS NULL OR department_id = CAST(? AS BINARY)) AND (? IS NULL OR interview_type = CAST(? AS BINARY))
 GROUP BY interview_type
