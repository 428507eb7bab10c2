SELECT facility_id, department_id, interview_type, SUM(interview_status = 'completed') AS completed,
       SUM(interview_status = 'scheduled') AS scheduled,
       SUM(interview_status = 'cancelled') AS cancelled, SUM(interview_status = 'no_show') AS no_show,
       SUM(interview_status = 'rescheduled') AS rescheduled, COUNT(voicedrive_sync_id) AS synced,
       SUM(interview_status = 'completed' AND duration_minutes IS NOT NULL) AS timed,
       SUM(IF(interview_status = 'completed', COALESCE(duration_minutes, 0), 0)) AS minutes
  FROM voicedrive_relay.relay_interviews
 WHERE interview_date BETWEEN @from AND @to AND (@facility IS NULL OR facility_id = CAST(@facility AS BINARY))
   AND (@department IS NULL OR department_id = CAST(@department AS BINARY))
   AND (@interview_type IS NULL OR interview_type = CAST(@interview_type AS BINARY))
 GROUP BY facility_id, department_id, interview_type
