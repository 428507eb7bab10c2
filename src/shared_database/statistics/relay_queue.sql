CREATE OR REPLACE SQL SECURITY INVOKER VIEW voicedrive_relay.relay_queue AS
SELECT CAST(l.route AS BINARY) AS route,
       IF(d.event_seq IS NOT NULL AND s.status = 'failed', 'dismissed', CAST(s.status AS CHAR)) AS status
  FROM staff_system.webhook_retry_queue s
  STRAIGHT_JOIN voicedrive_relay.placed_rows p ON p.shared_table = 'webhook_retry_queue' AND p.id = CAST(s.id AS BINARY)
  STRAIGHT_JOIN voicedrive_relay.webhook_send_logs l ON l.id = p.id
  LEFT JOIN voicedrive_relay.dismissed_deliveries d ON d.event_seq = l.event_seq
UNION ALL
SELECT CAST(l.route AS BINARY), IF(d.event_seq IS NOT NULL AND o.status = 'failed', 'dismissed', o.status)
  FROM voicedrive_relay.webhook_retry_queue o
  JOIN voicedrive_relay.webhook_send_logs l ON l.event_seq = o.event_seq
  LEFT JOIN voicedrive_relay.dismissed_deliveries d ON d.event_seq = o.event_seq
 WHERE NOT EXISTS (SELECT 1 FROM voicedrive_relay.placed_rows p
                    WHERE p.shared_table = 'webhook_retry_queue' AND p.id = o.id)
