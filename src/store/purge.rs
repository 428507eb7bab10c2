//! Deleting what is old and finished, a little at a time.
//!
//! What is still to be sent is never touched, however old it is; idempotency keys stay, because
//! they are the guard against a second acceptance; interview records are not the relay's to delete.

use rusqlite::Connection;

use super::StoreError;
use crate::timestamp::Timestamp;

/// Events in one transaction; more would hold up accepting.
const EVENTS_AT_ONCE: u32 = 20;
/// Pages that one transaction gives back to the disk.
const PAGES_AT_ONCE: u32 = 50;

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Events that are gone.
    pub events: u64,
    /// Where the next step goes on; none when this was the last one.
    pub next: Option<i64>,
}

/// Deletes the next events after `after` that were finished before `before`.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn step(connection: &Connection, before: Timestamp, after: i64) -> Result<Purged, StoreError> {
    let Some(last) = last_accepted_before(connection, before)? else {
        return Ok(Purged {
            events: 0,
            next: None,
        });
    };
    let found: Vec<(i64, String)> = connection
        .prepare_cached(
            "SELECT e.seq, e.id FROM events e JOIN webhook_send_logs l ON l.id = e.id
              WHERE e.seq > ?1 AND e.seq <= ?2 AND coalesce(l.last_retry_at, l.sent_at) < ?3
                AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_seq = e.seq)
              ORDER BY e.seq LIMIT ?4",
        )?
        .query_map((after, last, before, EVENTS_AT_ONCE), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (seq, id) in &found {
        for (sql, by_seq) in [
            ("DELETE FROM attempts WHERE event_seq = ?1", true),
            ("DELETE FROM webhook_retry_queue WHERE id = ?1", false),
            ("DELETE FROM webhook_send_logs WHERE id = ?1", false),
            ("DELETE FROM events WHERE seq = ?1", true),
        ] {
            let mut statement = connection.prepare_cached(sql)?;
            if by_seq {
                statement.execute([seq])?;
            } else {
                statement.execute([id])?;
            }
        }
    }
    let full = found.len() == EVENTS_AT_ONCE as usize;
    Ok(Purged {
        events: found.len() as u64,
        next: found.last().map(|(seq, _)| *seq).filter(|_| full),
    })
}

/// The last event that was accepted before a moment. Ids are UUIDs of version 7: their order is the
/// order of time, so no index on the time is needed. A batch that was accepted within one
/// millisecond has its ids in any order.
fn last_accepted_before(
    connection: &Connection,
    before: Timestamp,
) -> rusqlite::Result<Option<i64>> {
    let milliseconds = u64::try_from(before.unix_ms()).unwrap_or(0);
    let first = format!("{:08x}-{:04x}", milliseconds >> 16, milliseconds & 0xffff);
    connection
        .prepare_cached(
            "SELECT max(seq) FROM (SELECT seq FROM events WHERE id < ?1 ORDER BY id DESC LIMIT 1000)",
        )?
        .query_row([first], |row| row.get(0))
}

/// Gives some of the pages that nothing stands on any more back to the disk; says how many such
/// pages are left.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn give_back(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(connection
        .prepare_cached("PRAGMA freelist_count")?
        .query_row([], |row| row.get(0))?)
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
mod tests;
