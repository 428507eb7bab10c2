//! One attempt's result and all that follows from it, in one transaction.

use rusqlite::{Connection, OptionalExtension};

use super::outbox::Due;
use crate::attempt::{Attempted, Outcome};
use crate::cause::Cause;
use crate::event::Status;
use crate::retry::{Next, RetryPolicy};
use crate::timestamp::Timestamp;

/// What the queue row of an exhausted delivery says (contract, section 5).
pub const QUEUE_EXHAUSTED: &str = "Max retries reached";
/// What the log row of an exhausted delivery says (contract, section 5).
pub const LOG_EXHAUSTED: &str = "Max retries reached - manual intervention required";

/// What an attempt made of its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// `Delivered`, `Retrying` or `Exhausted`.
    pub status: Status,
    /// When the next attempt is due, when there is one.
    pub next_retry_at: Option<Timestamp>,
    /// Attempts made, over all rounds.
    pub attempts: u32,
}

/// Keeps the result of the attempt that `due` announced: attempt row, log row, queue row and what
/// is left to do.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn settle(
    connection: &Connection,
    due: &Due,
    attempted: &Attempted,
    policy: &RetryPolicy,
) -> rusqlite::Result<Settled> {
    insert_attempt(connection, due, attempted)?;
    let next = match attempted.outcome {
        Outcome::Success => None,
        Outcome::Failed | Outcome::Timeout => {
            // Read here and not when the attempt began: a resend may have begun a new round meanwhile.
            let in_round = attempts_in_round(connection, due.seq)? + 1;
            let next = policy.next(in_round, attempted.ended_at, attempted.retry_after);
            Some((next, in_round))
        }
    };
    let exhausted = matches!(next, Some((Next::Exhausted, _)));
    let log_error = if exhausted {
        Some(LOG_EXHAUSTED)
    } else {
        attempted.error.as_deref()
    };
    if due.attempt == 1 {
        insert_log(connection, due, attempted, log_error)?;
    } else {
        update_log(connection, due, attempted, log_error)?;
    }
    let queue = QueueRow {
        due,
        retry_attempt: due.attempt - 1,
        now: attempted.ended_at,
    };
    let (status, next_retry_at) = match next {
        None => {
            remove(connection, due.seq)?;
            if due.attempt > 1 {
                queue.complete(connection)?;
            }
            (Status::Delivered, None)
        }
        Some((Next::Exhausted, in_round)) => {
            remove(connection, due.seq)?;
            let max_retries = queue.max_retries(policy, in_round);
            queue.put(
                connection,
                "failed",
                attempted.ended_at,
                max_retries,
                Some(QUEUE_EXHAUSTED),
            )?;
            (Status::Exhausted, None)
        }
        Some((Next::RetryAt(at), in_round)) => {
            postpone(connection, due.seq, at, in_round)?;
            let max_retries = queue.max_retries(policy, in_round);
            let error = attempted.error.as_deref();
            queue.put(connection, "pending", at, max_retries, error)?;
            (Status::Retrying, Some(at))
        }
    };
    Ok(Settled {
        status,
        next_retry_at,
        attempts: due.attempt,
    })
}

fn attempts_in_round(connection: &Connection, seq: i64) -> rusqlite::Result<u32> {
    let attempts = connection
        .prepare_cached("SELECT attempts_in_round FROM outbox WHERE event_seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    Ok(attempts.unwrap_or(0))
}

fn insert_attempt(
    connection: &Connection,
    due: &Due,
    attempted: &Attempted,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO attempts (event_seq, attempt, started_at, outcome, http_status_code,
                                   processing_time, error_message, response_body, cause)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            due.seq,
            due.attempt,
            attempted.started_at,
            attempted.outcome.as_str(),
            attempted.http_status,
            milliseconds(attempted),
            &attempted.error,
            &attempted.response_body,
            attempted.cause.map(Cause::as_str),
        ))
        .map(|_| ())
}

/// The values are bound and not selected: because a trigger counts the row, SQLite would put what a `SELECT`
/// finds into a table of its own first, which is a tenth of the work of a result.
fn insert_log(
    connection: &Connection,
    due: &Due,
    attempted: &Attempted,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO webhook_send_logs (
                 id, event_type, event_timestamp, sent_at, staff_id, request_id, payload_size,
                 status, http_status_code, processing_time, error_message, retry_count,
                 last_retry_at, response_body, created_at)
             VALUES (?2, ?3, ?4, ?5, (SELECT staff_id FROM events WHERE seq = ?1), ?2, ?6,
                     ?7, ?8, ?9, ?10, 0, NULL, ?11, ?12)",
        )?
        .execute((
            due.seq,
            &due.id,
            &due.event_type,
            due.event_timestamp,
            attempted.started_at,
            i64::try_from(attempted.payload_size).unwrap_or(i64::MAX),
            attempted.outcome.as_str(),
            attempted.http_status,
            milliseconds(attempted),
            error,
            &attempted.response_body,
            attempted.ended_at,
        ))
        .map(|_| ())
}

fn update_log(
    connection: &Connection,
    due: &Due,
    attempted: &Attempted,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE webhook_send_logs
                SET status = ?2, http_status_code = ?3, processing_time = ?4, error_message = ?5,
                    retry_count = ?6, last_retry_at = ?7, response_body = ?8
              WHERE id = ?1",
        )?
        .execute((
            &due.id,
            attempted.outcome.as_str(),
            attempted.http_status,
            milliseconds(attempted),
            error,
            due.attempt - 1,
            attempted.started_at,
            &attempted.response_body,
        ))
        .map(|_| ())
}

fn remove(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM outbox WHERE event_seq = ?1")?
        .execute([seq])
        .map(|_| ())
}

fn postpone(
    connection: &Connection,
    seq: i64,
    due_at: Timestamp,
    attempts_in_round: u32,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE outbox SET due_at = ?2, attempts_in_round = ?3 WHERE event_seq = ?1",
        )?
        .execute((seq, due_at, attempts_in_round))
        .map(|_| ())
}

fn milliseconds(attempted: &Attempted) -> i64 {
    i64::try_from(attempted.processing_ms).unwrap_or(i64::MAX)
}

/// The one row that a delivery has in the retry queue from its first failure on.
struct QueueRow<'a> {
    due: &'a Due,
    retry_attempt: u32,
    now: Timestamp,
}

impl QueueRow<'_> {
    /// Retries that this round allows, counted over all rounds.
    fn max_retries(&self, policy: &RetryPolicy, in_round: u32) -> u32 {
        (self.due.attempt + policy.max_retries()).saturating_sub(in_round)
    }

    /// Writes the row, or brings the existing one up to date.
    fn put(
        &self,
        connection: &Connection,
        status: &str,
        next_retry_at: Timestamp,
        max_retries: u32,
        last_error: Option<&str>,
    ) -> rusqlite::Result<()> {
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
                status,
                last_error,
                self.now,
            ))
            .map(|_| ())
    }

    /// Ends the row of a delivery that needed retries.
    fn complete(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "UPDATE webhook_retry_queue
                    SET status = 'completed', retry_attempt = ?2, max_retries = max(max_retries, ?2),
                        updated_at = ?3
                  WHERE id = ?1",
            )?
            .execute((&self.due.id, self.retry_attempt, self.now))
            .map(|_| ())
    }
}
