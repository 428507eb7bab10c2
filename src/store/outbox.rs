//! What is still to be sent, and when.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::Connection;

use super::StoreError;
use crate::timestamp::Timestamp;

/// One delivery whose next attempt is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The event's place in the order of acceptance: its key inside the store.
    pub seq: i64,
    /// The event's id and its `X-Request-ID`.
    pub id: String,
    /// The event's name.
    pub event_type: String,
    /// When it happened.
    pub event_timestamp: Timestamp,
    /// The payload. It is shared, never copied, between those who keep it and those who send it.
    pub data: Arc<str>,
    /// Which attempt this will be, from 1, over all rounds.
    pub attempt: u32,
}

/// What one look finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The longest due first.
    pub due: Vec<Due>,
    /// More is due, or may be.
    pub more: bool,
}

/// At most this many bytes of payload are taken at once, beyond the first delivery.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

/// The deliveries of `route` that are due at `now` and not `in_hand`, at most `limit` of them.
///
/// # Errors
/// When the database cannot be read.
pub fn due(
    connection: &Connection,
    route: &str,
    now: Timestamp,
    in_hand: &HashSet<i64>,
    limit: usize,
) -> Result<Found, StoreError> {
    // What is due is found in the index alone, and only what is taken is read: under load, most of
    // what stands first is in hand already.
    let mut waiting = connection.prepare_cached(
        "SELECT event_seq FROM outbox WHERE route = ?1 AND due_at <= ?2
          ORDER BY due_at, event_seq LIMIT ?3",
    )?;
    let mut delivery = connection.prepare_cached(
        "SELECT e.id, e.event_type, e.event_timestamp, e.data, coalesce(l.retry_count + 2, 1)
           FROM events e LEFT JOIN webhook_send_logs l ON l.id = e.id
          WHERE e.seq = ?1",
    )?;
    let asked = i64::try_from(limit.saturating_add(in_hand.len())).unwrap_or(i64::MAX);
    let mut rows = waiting.query((route, now, asked))?;
    let mut found = Found::default();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let seq = row.get(0)?;
        if in_hand.contains(&seq) {
            continue;
        }
        let due = delivery.query_row([seq], |row| {
            Ok(Due {
                seq,
                id: row.get(0)?,
                event_type: row.get(1)?,
                event_timestamp: row.get(2)?,
                data: row.get(3)?,
                attempt: row.get(4)?,
            })
        })?;
        bytes += due.data.len();
        found.due.push(due);
        if found.due.len() == limit || bytes > BYTES_AT_ONCE {
            found.more = true;
            break;
        }
    }
    Ok(found)
}

/// When the next delivery of `route` that is not yet due at `now` will be.
///
/// # Errors
/// When the database cannot be read.
pub fn next_due(
    connection: &Connection,
    route: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT min(due_at) FROM outbox WHERE route = ?1 AND due_at > ?2")?
        .query_row((route, now), |row| row.get(0))?)
}

/// Moves everything that waits on `route` by `milliseconds`: the wall clock was set by that much,
/// and waits are lengths of time, not times of the day.
///
/// # Errors
/// When the database cannot be written.
pub fn shift(connection: &Connection, route: &str, milliseconds: i64) -> rusqlite::Result<()> {
    let waiting: Vec<(i64, String, Timestamp)> = connection
        .prepare_cached(
            "SELECT o.event_seq, e.id, o.due_at FROM outbox o JOIN events e ON e.seq = o.event_seq
              WHERE o.route = ?1",
        )?
        .query_map([route], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (seq, id, due_at) in waiting {
        let moved = due_at.unix_ms().saturating_add(milliseconds);
        set_due(connection, seq, &id, Timestamp::from_unix_ms(moved))?;
    }
    Ok(())
}

/// Lets nothing on `route` wait beyond `latest`: an earlier run may have had a clock that was wrong.
///
/// # Errors
/// When the database cannot be written.
pub fn not_later(connection: &Connection, route: &str, latest: Timestamp) -> rusqlite::Result<()> {
    let waiting: Vec<(i64, String)> = connection
        .prepare_cached(
            "SELECT o.event_seq, e.id FROM outbox o JOIN events e ON e.seq = o.event_seq
              WHERE o.route = ?1 AND o.due_at > ?2",
        )?
        .query_map((route, latest), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (seq, id) in waiting {
        set_due(connection, seq, &id, latest)?;
    }
    Ok(())
}

fn set_due(connection: &Connection, seq: i64, id: &str, due_at: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE outbox SET due_at = ?2 WHERE event_seq = ?1")?
        .execute((seq, due_at))?;
    connection
        .prepare_cached("UPDATE webhook_retry_queue SET next_retry_at = ?2 WHERE id = ?1")?
        .execute((id, due_at))
        .map(|_| ())
}

/// How many deliveries wait for each route.
///
/// # Errors
/// When the database cannot be read.
pub fn waiting(connection: &Connection) -> Result<Vec<(String, u64)>, StoreError> {
    let waiting = connection
        .prepare_cached("SELECT route, count(*) FROM outbox GROUP BY route ORDER BY route")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(waiting)
}

/// Says that a retry is under way. A first attempt has no queue row yet, and then nothing changes.
///
/// # Errors
/// When the database cannot be written.
pub fn mark_processing(connection: &Connection, id: &str, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue SET status = 'processing', updated_at = ?2 WHERE id = ?1",
        )?
        .execute((id, now))
        .map(|_| ())
}

/// Says that a retry that was under way is not: it was given up without a result.
///
/// # Errors
/// When the database cannot be written.
pub fn mark_pending(connection: &Connection, id: &str, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue SET status = 'pending', updated_at = ?2
              WHERE id = ?1 AND status = 'processing'",
        )?
        .execute((id, now))
        .map(|_| ())
}

/// What a crash left under way is pending again. There is one process, so nobody else can be
/// working on it, and no lease has to run out first.
///
/// # Errors
/// When the database cannot be written.
pub fn recover(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE webhook_retry_queue SET status = 'pending', updated_at = ?1
              WHERE status = 'processing'",
            [now],
        )
        .map(|_| ())
}
