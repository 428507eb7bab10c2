//! Sends and the retry queue, counted while they change: by the day and the hour, the route and the event type, in
//! the transaction that changes the rows.

use rusqlite::Connection;

use crate::send_stats::{SendChange, SendState};
use crate::slot::Unit;
use crate::timestamp::Timestamp;

/// The slots in which sends are counted. With hours alone, a month of a clinic would be thousands of counts.
pub(super) const SLOTS: [Unit; 2] = [Unit::Day, Unit::Hour];

/// The status by which a row of the retry queue is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueStatus {
    Pending,
    Processing,
    Completed,
    Failed,
    /// The row itself says failed (contract, section 7), and its delivery was dismissed.
    Dismissed,
}

impl QueueStatus {
    const ALL: [Self; 5] = [
        Self::Pending,
        Self::Processing,
        Self::Completed,
        Self::Failed,
        Self::Dismissed,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Dismissed => "dismissed",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// A delivery as it is counted: where, and for what.
pub(super) struct CountedSend<'a> {
    pub(super) sent_at: Timestamp,
    pub(super) route: &'a str,
    pub(super) event_type: &'a str,
    pub(super) state: SendState,
}

/// Adds a new delivery to the counts.
pub(super) fn add(connection: &Connection, send: &CountedSend<'_>) -> rusqlite::Result<()> {
    change(connection, send, &send.state.counted())
}

/// Counts a delivery whose state changed. On another route it leaves the counts of the one before.
pub(super) fn replace(
    connection: &Connection,
    before: &CountedSend<'_>,
    after: &CountedSend<'_>,
) -> rusqlite::Result<()> {
    if before.route != after.route {
        remove(connection, before)?;
        return add(connection, after);
    }
    change(
        connection,
        after,
        &(after.state.counted() - before.state.counted()),
    )
}

/// Takes a delivery out of the counts.
pub(super) fn remove(connection: &Connection, send: &CountedSend<'_>) -> rusqlite::Result<()> {
    change(
        connection,
        send,
        &(SendChange::default() - send.state.counted()),
    )?;
    let mut delete = connection.prepare_cached(
        "DELETE FROM send_counts WHERE slot = ?1 AND route = ?2 AND event_type = ?3 AND sent = 0",
    )?;
    for unit in SLOTS {
        delete.execute((unit.name_of(send.sent_at), send.route, send.event_type))?;
    }
    Ok(())
}

fn change(
    connection: &Connection,
    send: &CountedSend<'_>,
    change: &SendChange,
) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO send_counts (slot, route, event_type, sent, succeeded, failed, timeout, retried,
                                  successful_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO UPDATE
            SET sent = sent + excluded.sent, succeeded = succeeded + excluded.succeeded,
                failed = failed + excluded.failed, timeout = timeout + excluded.timeout,
                retried = retried + excluded.retried,
                successful_ms = successful_ms + excluded.successful_ms",
    )?;
    for unit in SLOTS {
        add.execute((
            unit.name_of(send.sent_at),
            send.route,
            send.event_type,
            change.sent,
            change.succeeded,
            change.failed,
            change.timeout,
            change.retried,
            change.successful_ms,
        ))?;
    }
    Ok(())
}

/// Changes the count of rows in the retry queue by `by`.
pub(super) fn add_queued(
    connection: &Connection,
    route: &str,
    status: QueueStatus,
    by: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO queue_counts (route, status, deliveries) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET deliveries = deliveries + excluded.deliveries",
        )?
        .execute((route, status.as_str(), by))
        .map(|_| ())
}
