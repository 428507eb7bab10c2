CREATE TEMPORARY TABLE voicedrive_relay.relay_deliveries (
  event_type VARBINARY(768), route VARBINARY(768), sent_at DATETIME(3), status VARCHAR(16), retry_count BIGINT,
  processing_time BIGINT) ENGINE=InnoDB
IGNORE SELECT event_type, route, sent_at, status, retry_count, processing_time FROM voicedrive_relay.relay_deliveries
