CREATE OR REPLACE SQL SECURITY INVOKER VIEW voicedrive_relay.relay_deliveries AS
SELECT s.id, CAST(s.event_type AS BINARY) AS event_type, CAST(o.route AS BINARY) AS route, s.sent_at,
       CAST(s.status AS CHAR) AS status, s.retry_count, s.processing_time
  FROM staff_system.webhook_send_logs s
  STRAIGHT_JOIN voicedrive_relay.placed_rows p ON p.shared_table = 'webhook_send_logs' AND p.id = CAST(s.id AS BINARY)
  STRAIGHT_JOIN voicedrive_relay.webhook_send_logs o ON o.id = p.id
 WHERE NOT EXISTS (SELECT 1 FROM voicedrive_relay.dismissed_deliveries d WHERE d.event_seq = o.event_seq)
UNION ALL
SELECT o.id, CAST(o.event_type AS BINARY), CAST(o.route AS BINARY),
       CAST(REPLACE(REPLACE(o.sent_at, 'T', ' '), 'Z', '') AS DATETIME(3)), o.status, o.retry_count, o.processing_time
  FROM voicedrive_relay.webhook_send_logs o
 WHERE NOT EXISTS (SELECT 1 FROM voicedrive_relay.placed_rows p
                    WHERE p.shared_table = 'webhook_send_logs' AND p.id = o.id)
   AND NOT EXISTS (SELECT 1 FROM voicedrive_relay.dismissed_deliveries d WHERE d.event_seq = o.event_seq)
