//! Deletes old, finished events in small transactions. What is old, the milestones say.
//!
//! Deliveries that are still to be sent are never deleted, however old they are. Idempotency keys stay, because they
//! guard against a second acceptance. Interview records stay, because they belong to the clinic. The events of a
//! person are deleted in the order of acceptance.

use std::time::Duration;

use rusqlite::Connection;

use super::connection::word;
use super::line;
use super::milestones::Milestone;
use super::queue_row::queue_status;
use super::relay_time::Now;
use super::send_counts::{self, CountedSend};
use super::writer::Lane;
use super::{
    Store, StoreError, delivered_digests, dismissed_deliveries, incidents, missing_deliveries,
};
use crate::attempt::Outcome;
use crate::clock::Moment;
use crate::purge::Purged;
use crate::send_stats::SendState;
use crate::timestamp::Timestamp;

/// Events in one transaction; more would hold up accepting.
const EVENTS_AT_ONCE: u32 = 5;
/// Pages that one transaction gives back to the disk.
const PAGES_AT_ONCE: u32 = 15;

impl Store {
    /// Deletes the next events after the one at `after` that were finished longer ago than they are `kept`, with
    /// everything that is kept of them but their idempotency keys.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was deleted.
    pub async fn purge_events(
        &self,
        kept: Duration,
        moment: Moment,
        after: i64,
    ) -> Result<Purged, StoreError> {
        let Some(old) = self.milestone(kept, moment).await? else {
            return Ok(Purged::default());
        };
        let now = self.time.now(moment);
        self.write(Lane::Maintenance, move |connection| {
            purge(connection, old, after, now)
        })
        .await
    }

    /// Returns some unused pages to the file system, and returns how many are left.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn release_pages(&self) -> Result<u64, StoreError> {
        self.write(Lane::Maintenance, release_pages).await
    }
}

/// A finished delivery that is old.
struct Old {
    seq: i64,
    id: String,
    sent_at: Timestamp,
    route: String,
    event_type: String,
    state: SendState,
}

pub(super) fn purge(
    connection: &Connection,
    old: Milestone,
    after: i64,
    now: Now,
) -> Result<Purged, StoreError> {
    missing_deliveries::forget_purged(connection, now)?;
    let found: Vec<Old> = connection
        .prepare_cached(
            "SELECT e.seq, e.id, l.sent_at, l.route, l.event_type, l.status, l.retry_count > 0,
                    l.processing_time
               FROM events e CROSS JOIN webhook_send_logs l ON l.id = e.id
              WHERE e.seq > ?1 AND e.seq <= ?2
                AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.event_seq = e.seq AND a.seq > ?3)
                AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_seq = e.seq)
              ORDER BY e.seq LIMIT ?4",
        )?
        .query_map((after, old.events, old.attempts, EVENTS_AT_ONCE), |row| {
            Ok(Old {
                seq: row.get(0)?,
                id: row.get(1)?,
                sent_at: row.get(2)?,
                route: row.get(3)?,
                event_type: row.get(4)?,
                state: SendState {
                    outcome: word(5, row.get(5)?, Outcome::from_word)?,
                    retried: row.get(6)?,
                    processing_ms: row.get(7)?,
                },
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut events = 0;
    for one in &found {
        if !line::is_kept(connection, &one.route)? || !is_in_a_tail(connection, one)? {
            delete(connection, one, now)?;
            events += 1;
        }
    }
    purge_never_sent(connection, old.events)?;
    let full = found.len() == EVENTS_AT_ONCE as usize;
    Ok(Purged {
        events,
        next: found.last().map(|one| one.seq).filter(|_| full),
    })
}

/// Whether an earlier event of the same person on the same route is kept: when that one is sent again, this one has
/// to follow it.
fn is_in_a_tail(connection: &Connection, old: &Old) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM events e CROSS JOIN events p
                             WHERE e.seq = ?1 AND p.staff_id = e.staff_id AND p.seq < e.seq
                               AND p.route = e.route)",
        )?
        .query_row([old.seq], |row| row.get(0))
}

fn delete(connection: &Connection, old: &Old, now: Now) -> rusqlite::Result<()> {
    incidents::count_purged(connection, old.seq)?;
    missing_deliveries::keep_purged(connection, old.seq, now)?;
    delivered_digests::forget(connection, &old.id)?;
    dismissed_deliveries::withdraw(connection, old.seq)?;
    if let Some(status) = queue_status(connection, &old.id)? {
        send_counts::add_queued(connection, &old.route, status, -1)?;
        connection
            .prepare_cached("DELETE FROM webhook_retry_queue WHERE id = ?1")?
            .execute([&old.id])?;
    }
    let send = CountedSend {
        sent_at: old.sent_at,
        route: &old.route,
        event_type: &old.event_type,
        state: old.state,
    };
    send_counts::remove(connection, &send)?;
    connection
        .prepare_cached("DELETE FROM attempts WHERE event_seq = ?1")?
        .execute([old.seq])?;
    connection
        .prepare_cached("DELETE FROM webhook_send_logs WHERE id = ?1")?
        .execute([&old.id])?;
    connection
        .prepare_cached("DELETE FROM events WHERE seq = ?1")?
        .execute([old.seq])
        .map(|_| ())
}

/// Deletes some of the events, up to the place `last`, that were given up with their person before they were ever sent.
/// Nothing counts them.
fn purge_never_sent(connection: &Connection, last: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM events WHERE seq IN (
               SELECT x.event_seq FROM erased_events x CROSS JOIN events e ON e.seq = x.event_seq
                WHERE x.event_seq <= ?1
                  AND NOT EXISTS (SELECT 1 FROM webhook_send_logs l WHERE l.id = e.id)
                  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_seq = e.seq)
                LIMIT ?2)",
        )?
        .execute((last, EVENTS_AT_ONCE))
        .map(|_| ())
}

fn release_pages(connection: &Connection) -> Result<u64, StoreError> {
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
