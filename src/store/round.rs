//! A new round of a delivery, with a fresh budget of retries.

use rusqlite::Connection;

use super::line::{self, QueueState};
use super::queue_row::status_in_row;
use super::relay_time::Now;
use super::send_counts::{self, QueueStatus};
use super::{delivered_digests, dismissed_deliveries, left_behind};
use crate::resend::Resend;
use crate::retry::RetryPolicy;

/// A delivery whose first attempt was made.
pub(super) struct Delivery {
    pub(super) seq: i64,
    pub(super) id: String,
    /// Attempts beyond the first, over all rounds.
    pub(super) retries: u32,
    /// The route that the last attempt took.
    pub(super) sent_on: String,
}

/// Begins a new round of a delivery.
pub(super) fn open(
    connection: &Connection,
    delivery: &Delivery,
    wanted: &QueueState,
    policy: &RetryPolicy,
    now: Now,
) -> rusqlite::Result<Resend> {
    let Delivery {
        seq,
        id,
        retries,
        sent_on,
    } = delivery;
    delivered_digests::forget(connection, id)?;
    left_behind::take(connection, *seq)?;
    line::put(connection, *seq, wanted)?;
    // The first attempt of the new round counts as a retry, and the round's retries follow it. A
    // retry that is under way at this moment stays marked as such.
    dismissed_deliveries::withdraw(connection, *seq)?;
    let before = status_in_row(connection, id)?;
    let status = match before {
        Some(QueueStatus::Processing) => QueueStatus::Processing,
        _ => QueueStatus::Pending,
    };
    // Most have a row. Inserting first and updating on conflict would copy the payload for nothing.
    let sql = match before {
        Some(_) => {
            "UPDATE webhook_retry_queue
                SET retry_attempt = ?2, max_retries = ?3, next_retry_at = ?4, status = ?5,
                    updated_at = ?4
              WHERE id = ?1"
        }
        None => {
            "INSERT INTO webhook_retry_queue (
                 id, original_log_id, event_type, payload, retry_attempt, max_retries,
                 next_retry_at, status, last_error, created_at, updated_at)
             SELECT id, id, event_type, data, ?2, ?3, ?4, ?5, NULL, ?4, ?4
               FROM events WHERE id = ?1"
        }
    };
    connection.prepare_cached(sql)?.execute((
        id,
        retries,
        retries + 1 + policy.max_retries(),
        now.wall,
        status.as_str(),
    ))?;
    if before != Some(status) {
        if let Some(before) = before {
            send_counts::add_queued(connection, sent_on, before, -1)?;
        }
        send_counts::add_queued(connection, sent_on, status, 1)?;
    }
    Ok(match status {
        QueueStatus::Processing => Resend::UnderWay,
        _ => Resend::Opened,
    })
}
