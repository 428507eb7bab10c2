//! Sends and the retry queue, counted while they change: by the day and the hour, the route and the event type, in
//! the transaction that changes the rows. What is dismissed is not among the sends, and has a status of its own in the
//! queue.

use rusqlite::{Connection, OptionalExtension};

use super::connection::word;
use crate::attempt::Outcome;
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

/// The log row of a delivery, as far as it is counted.
pub(super) struct SentRow {
    pub(super) sent_at: Timestamp,
    pub(super) route: String,
    pub(super) event_type: String,
    pub(super) state: SendState,
}

impl SentRow {
    /// What it counts for.
    pub(super) fn as_counted(&self) -> CountedSend<'_> {
        CountedSend {
            sent_at: self.sent_at,
            route: &self.route,
            event_type: &self.event_type,
            state: self.state,
        }
    }
}

/// The log row of an event's delivery; none before its first attempt.
pub(super) fn of_event(connection: &Connection, seq: i64) -> rusqlite::Result<Option<SentRow>> {
    connection
        .prepare_cached(
            "SELECT l.sent_at, l.route, l.event_type, l.status, l.retry_count > 0, l.processing_time
               FROM events e CROSS JOIN webhook_send_logs l ON l.id = e.id WHERE e.seq = ?1",
        )?
        .query_row([seq], |row| {
            Ok(SentRow {
                sent_at: row.get(0)?,
                route: row.get(1)?,
                event_type: row.get(2)?,
                state: SendState {
                    outcome: word(3, row.get(3)?, Outcome::from_word)?,
                    retried: row.get(4)?,
                    processing_ms: row.get(5)?,
                },
            })
        })
        .optional()
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
