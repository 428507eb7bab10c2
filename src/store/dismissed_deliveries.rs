//! The rows of dismissed deliveries. While a delivery has one, no total counts it (contract, section 10).

use rusqlite::{Connection, OptionalExtension};

use super::left_behind;
use super::send_counts::{self, QueueStatus};
use crate::timestamp::Timestamp;

/// Dismisses a delivery; one that is dismissed stays so. Its queue row, when it has one, says `failed`.
pub(super) fn insert(connection: &Connection, seq: i64, at: Timestamp) -> rusqlite::Result<()> {
    left_behind::take(connection, seq)?;
    let sent = send_counts::of_event(connection, seq)?;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO dismissed_deliveries (event_seq, dismissed_at, sent_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute((seq, at, sent.as_ref().map(|sent| sent.sent_at)))?;
    let Some(sent) = sent.filter(|_| inserted > 0) else {
        return Ok(());
    };
    send_counts::remove(connection, &sent.as_counted())?;
    send_counts::add_queued(connection, &sent.route, QueueStatus::Failed, -1)?;
    send_counts::add_queued(connection, &sent.route, QueueStatus::Dismissed, 1)
}

/// Whether a delivery is dismissed.
pub(super) fn has(connection: &Connection, seq: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM dismissed_deliveries WHERE event_seq = ?1)")?
        .query_row([seq], |row| row.get(0))
}

/// A delivery is not dismissed any more, and counts as its rows say: as failed, until they say something else.
pub(super) fn withdraw(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    // Few are. For RETURNING, SQLite makes a table in memory, even when nothing is deleted.
    if !has(connection, seq)? {
        return Ok(());
    }
    let was_sent: Option<bool> = connection
        .prepare_cached(
            "DELETE FROM dismissed_deliveries WHERE event_seq = ?1 RETURNING sent_at IS NOT NULL",
        )?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    if was_sent != Some(true) {
        return Ok(());
    }
    let Some(sent) = send_counts::of_event(connection, seq)? else {
        return Ok(());
    };
    send_counts::add(connection, &sent.as_counted())?;
    send_counts::add_queued(connection, &sent.route, QueueStatus::Dismissed, -1)?;
    send_counts::add_queued(connection, &sent.route, QueueStatus::Failed, 1)
}
