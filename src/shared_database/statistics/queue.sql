SELECT route, status, COUNT(*) AS deliveries
  FROM voicedrive_relay.relay_queue
 WHERE @route IS NULL OR route = CAST(@route AS BINARY)
 GROUP BY route, status
