-- A log row is deleted with its queue row; SQLite looks here whether one is left.
CREATE INDEX retry_queue_by_log ON webhook_retry_queue (original_log_id);
