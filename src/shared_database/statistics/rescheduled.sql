SELECT id, rescheduled_from_id, CAST(interview_date AS CHAR) AS interview_date
  FROM voicedrive_relay.relay_interviews
 WHERE interview_date BETWEEN @from AND @to AND (@facility IS NULL OR facility_id = CAST(@facility AS BINARY))
   AND (@department IS NULL OR department_id = CAST(@department AS BINARY)) AND rescheduled_from_id IS NOT NULL
 ORDER BY interview_date DESC, seq DESC LIMIT 10
