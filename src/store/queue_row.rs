//! The row that a delivery has in the retry queue from its first failure on.

use rusqlite::{Connection, OptionalExtension};

use super::connection::word;
use super::send_counts::QueueStatus;

/// What the queue row of an exhausted delivery says (contract, section 5).
pub(super) const QUEUE_EXHAUSTED: &str = "Max retries reached";
/// What the log row of an exhausted delivery says (contract, section 5).
pub(super) const LOG_EXHAUSTED: &str = "Max retries reached - manual intervention required";

/// The status by which the queue row of a delivery is counted, when it has one.
pub(super) fn queue_status(
    connection: &Connection,
    id: &str,
) -> rusqlite::Result<Option<QueueStatus>> {
    connection
        .prepare_cached(
            "SELECT iif(status = 'failed' AND EXISTS (
                          SELECT 1 FROM events e JOIN dismissed_deliveries d ON d.event_seq = e.seq
                           WHERE e.id = q.id),
                        'dismissed', status)
               FROM webhook_retry_queue q WHERE q.id = ?1",
        )?
        .query_row([id], |row| word(0, row.get(0)?, QueueStatus::from_word))
        .optional()
}
