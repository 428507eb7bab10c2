CREATE TEMPORARY TABLE voicedrive_relay.relay_deliveries (
  n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_type VARBINARY(768), route VARBINARY(768), sent_at DATETIME(3), status VARCHAR(16), retry_count BIGINT,
  processing_time BIGINT) ENGINE=InnoDB ROW_FORMAT=DYNAMIC
IGNORE SELECT event_type, route, sent_at, status, retry_count, processing_time FROM voicedrive_relay.relay_deliveries
