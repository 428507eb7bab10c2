//! The row that a delivery has in the retry queue from its first failure on.

use rusqlite::{Connection, OptionalExtension};

use super::connection::word;
use super::send_counts::{self, QueueStatus};
use crate::due::DueDelivery;
use crate::retry::RetryPolicy;
use crate::timestamp::Timestamp;

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

/// The same of a delivery that is not dismissed, without a look whether it is.
pub(super) fn status_in_row(
    connection: &Connection,
    id: &str,
) -> rusqlite::Result<Option<QueueStatus>> {
    connection
        .prepare_cached("SELECT status FROM webhook_retry_queue WHERE id = ?1")?
        .query_row([id], |row| word(0, row.get(0)?, QueueStatus::from_word))
        .optional()
}

/// The one row that a delivery has in the retry queue from its first failure on.
pub(super) struct QueueRow<'a> {
    pub(super) due: &'a DueDelivery,
    /// The route by which the row is counted until now; none: this is the first attempt.
    pub(super) route_before: Option<&'a str>,
    pub(super) retry_attempt: u32,
    pub(super) now: Timestamp,
}

impl QueueRow<'_> {
    /// Retries that this round allows, counted over all rounds.
    pub(super) fn max_retries(&self, policy: &RetryPolicy, in_round: u32) -> u32 {
        (self.due.attempt + policy.max_retries()).saturating_sub(in_round)
    }

    /// Writes the row, or brings the existing one up to date.
    pub(super) fn put(
        &self,
        connection: &Connection,
        status: QueueStatus,
        next_retry_at: Timestamp,
        max_retries: u32,
        last_error: Option<&str>,
    ) -> rusqlite::Result<()> {
        self.leave_count(connection)?;
        connection
            .prepare_cached(
                "INSERT INTO webhook_retry_queue (
                     id, original_log_id, event_type, payload, retry_attempt, max_retries,
                     next_retry_at, status, last_error, created_at, updated_at)
                 VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
                 ON CONFLICT (id) DO UPDATE
                    SET retry_attempt = excluded.retry_attempt, max_retries = excluded.max_retries,
                        next_retry_at = excluded.next_retry_at, status = excluded.status,
                        last_error = excluded.last_error, updated_at = excluded.updated_at",
            )?
            .execute((
                &self.due.id,
                &self.due.event_type,
                &self.due.data,
                self.retry_attempt,
                max_retries.max(self.retry_attempt),
                next_retry_at,
                status.as_str(),
                last_error,
                self.now,
            ))?;
        send_counts::add_queued(connection, &self.due.route, status, 1)
    }

    /// Ends the row of a delivery that needed retries.
    pub(super) fn complete(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.leave_count(connection)?;
        connection
            .prepare_cached(
                "UPDATE webhook_retry_queue
                    SET status = 'completed', retry_attempt = ?2, max_retries = max(max_retries, ?2),
                        updated_at = ?3
                  WHERE id = ?1",
            )?
            .execute((&self.due.id, self.retry_attempt, self.now))?;
        send_counts::add_queued(connection, &self.due.route, QueueStatus::Completed, 1)
    }

    /// The row is not counted any more as it was before this attempt.
    fn leave_count(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Some(route) = self.route_before else {
            return Ok(());
        };
        match queue_status(connection, &self.due.id)? {
            Some(status) => send_counts::add_queued(connection, route, status, -1),
            None => Ok(()),
        }
    }
}
