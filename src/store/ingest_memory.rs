//! What was handed in lately, for the ingest that knows a repeat again (contract, section 4.6).

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError};
use crate::clock::Moment;
use crate::event::Submission;
use crate::repeat::{Memory, Remembered, Sameness};
use crate::timestamp::Timestamp;

/// Entries that are forgotten in one transaction; more would hold up accepting.
const FORGOTTEN_AT_ONCE: u32 = 200;

impl Store {
    /// Forgets some of the events that were accepted longer ago than `known_for`; says how many it were. Zero: there
    /// are no more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_ingested(
        &self,
        known_for: Duration,
        moment: Moment,
    ) -> Result<usize, StoreError> {
        let now = self.time.now(moment);
        self.write(Lane::Maintenance, move |connection| {
            Ok(forget(connection, now.axis_before(known_for))?)
        })
        .await
    }
}

/// The event that a submission repeats, which is counted there.
pub(super) fn repeated(
    connection: &Connection,
    submission: &Submission,
    now: Now,
) -> rusqlite::Result<Option<Remembered>> {
    let Some(memory) = &submission.memory else {
        return Ok(None);
    };
    let Some(known_for) = memory.known_for else {
        return Ok(None);
    };
    let staff_id = submission.event.staff_id.as_deref().unwrap_or_default();
    let since_ms = now.axis_before(known_for);
    let Some(first) = same(connection, memory, staff_id, since_ms)? else {
        return Ok(None);
    };
    // The event may have been purged: then nobody looks at its count any more.
    connection
        .prepare_cached(
            "INSERT INTO event_repeats (event_seq, repeats, repeated_at)
             SELECT seq, 1, ?2 FROM events WHERE seq = ?1
             ON CONFLICT DO UPDATE SET repeats = repeats + 1, repeated_at = excluded.repeated_at",
        )?
        .execute((first.seq, now.wall))?;
    Ok(Some(first))
}

fn same(
    connection: &Connection,
    memory: &Memory,
    staff_id: &str,
    since_ms: i64,
) -> rusqlite::Result<Option<Remembered>> {
    let request_id = match memory.sameness() {
        Sameness::OfContent { data_time } => {
            return of_content(connection, memory, data_time, since_ms);
        }
        Sameness::OfNewest { request_id } => request_id,
    };
    let newest = of_family(connection, memory, staff_id, since_ms)?;
    match (newest, request_id) {
        (Some(newest), _) if newest.content_digest == memory.content_digest => Ok(Some(newest)),
        (Some(_), Some(request_id)) => of_request(connection, memory, request_id, since_ms),
        _ => Ok(None),
    }
}

fn of_content(
    connection: &Connection,
    memory: &Memory,
    data_time: Timestamp,
    since_ms: i64,
) -> rusqlite::Result<Option<Remembered>> {
    connection
        .prepare_cached(
            "SELECT seq, event_id, content_digest FROM ingest_memory
              WHERE data_time = ?1 AND content_digest = ?2 AND accepted_ms >= ?3
              ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((data_time, memory.content_digest, since_ms), remembered)
        .optional()
}

fn of_family(
    connection: &Connection,
    memory: &Memory,
    staff_id: &str,
    since_ms: i64,
) -> rusqlite::Result<Option<Remembered>> {
    connection
        .prepare_cached(
            "SELECT seq, event_id, content_digest FROM ingest_memory
              WHERE staff_id = ?1 AND family = ?2 AND accepted_ms >= ?3 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((staff_id, &memory.family, since_ms), remembered)
        .optional()
}

fn of_request(
    connection: &Connection,
    memory: &Memory,
    request_id: &str,
    since_ms: i64,
) -> rusqlite::Result<Option<Remembered>> {
    connection
        .prepare_cached(
            "SELECT seq, event_id, content_digest FROM ingest_memory
              WHERE request_id = ?1 AND content_digest = ?2 AND accepted_ms >= ?3
              ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((request_id, memory.content_digest, since_ms), remembered)
        .optional()
}

fn remembered(row: &Row<'_>) -> rusqlite::Result<Remembered> {
    Ok(Remembered {
        seq: row.get(0)?,
        event_id: row.get(1)?,
        content_digest: row.get(2)?,
    })
}

/// Remembers an event that was accepted at the place `seq`.
pub(super) fn remember(
    connection: &Connection,
    submission: &Submission,
    seq: i64,
    id: &str,
    now: Now,
) -> rusqlite::Result<()> {
    let Some(memory) = &submission.memory else {
        return Ok(());
    };
    let (data_time, request_id) = match memory.sameness() {
        Sameness::OfContent { data_time } => (Some(data_time), None),
        Sameness::OfNewest { request_id } => (None, request_id),
    };
    connection
        .prepare_cached(
            "INSERT INTO ingest_memory (seq, event_id, family, staff_id, content_digest, data_time, request_id, accepted_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            seq,
            id,
            &memory.family,
            submission.event.staff_id.as_deref().unwrap_or_default(),
            memory.content_digest,
            data_time,
            request_id,
            now.axis_ms,
        ))
        .map(|_| ())
}

/// The order of acceptance is the order on the time axis: the oldest stand first.
fn forget(connection: &Connection, before_ms: i64) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM ingest_memory WHERE seq IN (
               SELECT seq FROM (SELECT seq, accepted_ms FROM ingest_memory ORDER BY seq LIMIT ?2)
                WHERE accepted_ms < ?1)",
        )?
        .execute((before_ms, FORGOTTEN_AT_ONCE))
}
