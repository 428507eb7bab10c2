SELECT list, id, employee_id, employee_name, interview_type, CAST(interview_date AS CHAR) AS interview_date, interview_status,
       completed_at, duration_minutes, status_reason
  FROM (SELECT i.*, CASE interview_status WHEN 'completed' THEN 'completed' WHEN 'scheduled' THEN 'pending' ELSE 'missed' END AS list,
               ROW_NUMBER() OVER (PARTITION BY CASE interview_status WHEN 'completed' THEN 1 WHEN 'scheduled' THEN 2 ELSE 3 END
                 ORDER BY IF(interview_status = 'scheduled', interview_date, NULL),
                          IF(interview_status = 'scheduled', seq, NULL), interview_date DESC, seq DESC) AS place
          FROM voicedrive_relay.relay_interviews i
         WHERE interview_date BETWEEN @from AND @to AND interview_status <> 'rescheduled'
           AND (@interview_type IS NULL OR interview_type = CAST(@interview_type AS BINARY))) listed
 WHERE place <= IF(list = 'completed', 5, 50)
 ORDER BY list, place
