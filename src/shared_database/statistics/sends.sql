SELECT event_type, route, COUNT(*) AS sent, SUM(status = 'success') AS succeeded, SUM(status = 'failed') AS failed,
       SUM(status = 'timeout') AS timeout, SUM(retry_count > 0) AS retried,
       SUM(IF(status = 'success', processing_time, 0)) AS successful_ms, CAST(MAX(sent_at) AS CHAR) AS last_sent_at
  FROM voicedrive_relay.relay_deliveries
 WHERE sent_at BETWEEN @from AND @to AND (@event_type IS NULL OR event_type = CAST(@event_type AS BINARY))
   AND (@route IS NULL OR route = CAST(@route AS BINARY))
 GROUP BY event_type, route
