//! Erasing one person's data (contract, section 13): everything that identifies the person is removed from the rows,
//! and the rows stay, so that no count changes.
//!
//! It is done in small transactions. The staff id is removed from a row together with everything else, so the rows
//! that still have it are those that are left to do. An erasure that was interrupted is started again, and goes on
//! where it stopped.

mod contents;
mod events;
mod interviews;
mod texts;

use rusqlite::{Connection, OptionalExtension};

use super::error::may_fail_with_the_store;
use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError, audit, people};
use crate::audit::{Action, Actor, Subject};
use crate::clock::Moment;
use crate::person::{self, Erased, OpenDelivery};
use crate::timestamp::Timestamp;
use events::some_events;
pub(super) use events::{after_attempt, is_erased};
pub(super) use interviews::erased_name;
use interviews::{interviewer_until, interviews};

/// Rows that one transaction changes; more would hold up accepting.
const ERASED_AT_ONCE: u32 = 3;

/// The beginnings of the erasures that were interrupted and have to be done again.
pub(super) fn broken_off(connection: &Connection) -> Result<Vec<Timestamp>, StoreError> {
    let begun = connection
        .prepare_cached("SELECT erased_at FROM erasures WHERE ended_at IS NULL ORDER BY erased_at")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(begun)
}

/// Why nothing more is erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// These deliveries have not ended well, and nobody said that they may be given up.
    #[error("{} events of this person did not arrive yet", .0.len())]
    StillOpen(Vec<OpenDelivery>),
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

may_fail_with_the_store!(EraseError);

impl From<rusqlite::Error> for EraseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// How far an erasure goes: what is accepted after it has begun is not a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The last event.
    last_event: i64,
    /// Interview records that changed after this moment are not erased.
    until: Timestamp,
    /// Whether what did not arrive may be given up.
    give_up: bool,
}

impl Store {
    /// Begins to erase a person's data, and returns how far it goes; `count`, for the audit, is the number of rows
    /// that were found.
    ///
    /// # Errors
    /// `StillOpen`, and nothing was changed; or the store's.
    pub async fn begin_erasure(
        &self,
        staff_id: &str,
        give_up: bool,
        count: u64,
        by: Actor,
        moment: Moment,
    ) -> Result<Range, EraseError> {
        let (id, now) = (staff_id.to_owned(), self.time.now(moment));
        self.write(Lane::Maintenance, move |connection| {
            let entry = by.clone().did(Action::Erase, now.wall);
            let entry = entry.to(Subject::Staff(id.clone())).counting(count);
            let range = begin(connection, &id, give_up, now)?;
            audit::record(connection, &entry)?;
            Ok(range)
        })
        .await
    }

    /// Records the end of an erasure.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_erasure(&self, staff_id: &str, moment: Moment) -> Result<(), StoreError> {
        let (id, now) = (staff_id.to_owned(), self.time.now(moment));
        self.write(Lane::Maintenance, move |connection| {
            Ok(end(connection, &id, now)?)
        })
        .await
    }
}

fn in_chunks<T: Clone>(all: &[T]) -> impl Iterator<Item = Vec<T>> {
    all.chunks(ERASED_AT_ONCE as usize).map(<[T]>::to_vec)
}

fn begin(
    connection: &Connection,
    staff_id: &str,
    give_up: bool,
    now: Now,
) -> Result<Range, EraseError> {
    let open = people::open(connection, staff_id)?;
    if !give_up && !open.is_empty() {
        return Err(EraseError::StillOpen(open));
    }
    let hash = person::hash_of_staff(&audit::key(connection)?, staff_id);
    connection
        .prepare_cached(
            "INSERT INTO erasures (staff_hash, erased_at) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET erased_at = excluded.erased_at, ended_at = NULL",
        )?
        .execute((hash, now.wall))?;
    Ok(range(connection, staff_id, give_up, now.wall)?)
}

/// The range of a person's data until a moment.
fn range(
    connection: &Connection,
    staff_id: &str,
    give_up: bool,
    until: Timestamp,
) -> rusqlite::Result<Range> {
    let last_event: Option<i64> = connection
        .prepare_cached(
            "SELECT seq FROM events WHERE staff_id = ?1 AND accepted_at <= ?2
              ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((staff_id, until), |row| row.get(0))
        .optional()?;
    Ok(Range {
        last_event: last_event.unwrap_or(0),
        until,
        give_up,
    })
}

fn end(connection: &Connection, staff_id: &str, now: Now) -> rusqlite::Result<()> {
    for key in people::keys(connection)? {
        connection
            .prepare_cached(
                "UPDATE erasures SET ended_at = ?2 WHERE staff_hash = ?1 AND ended_at IS NULL",
            )?
            .execute((person::hash_of_staff(&key, staff_id), now.wall))?;
    }
    Ok(())
}

/// Erases in a copy the data of people who were erased after it was made, in the caller's transaction. Returns the
/// number of rows.
pub(super) fn again(connection: &Connection, at: Timestamp) -> rusqlite::Result<u64> {
    let any: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM erasures)")?
        .query_row([], |row| row.get(0))?;
    if !any {
        return Ok(0);
    }
    let keys = people::keys(connection)?;
    let mut erased = 0;
    for staff_id in everybody(connection)? {
        if let Some((until, _)) = people::erasure(connection, &keys, &staff_id)? {
            erased += all_of(connection, &staff_id, until, at)?;
        }
    }
    Ok(erased)
}

fn everybody(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(
            "SELECT staff_id FROM events WHERE staff_id IS NOT NULL
             UNION SELECT staff_id FROM ingest_newest WHERE staff_id <> ''
             UNION SELECT subject FROM tokens WHERE subject IS NOT NULL
             UNION SELECT employee_id FROM interviews
             UNION SELECT interviewer_id FROM interviews WHERE interviewer_id IS NOT NULL",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn all_of(
    connection: &Connection,
    staff_id: &str,
    until: Timestamp,
    at: Timestamp,
) -> rusqlite::Result<u64> {
    let range = range(connection, staff_id, true, until)?;
    contents::forget_all(connection, staff_id, range)?;
    let mut erased = Erased::default();
    loop {
        let step = some_events(connection, staff_id, range, at)?;
        erased.add(step);
        if step.events == 0 {
            break;
        }
    }
    loop {
        let step = interviews(connection, staff_id, range)?;
        erased.add(step);
        if step.interviews == 0 {
            break;
        }
    }
    erased.held = interviewer_until(connection, staff_id, until)?;
    erased.add(texts::all(connection, staff_id, at)?);
    Ok(erased.events + erased.interviews + erased.held + erased.texts)
}

#[cfg(test)]
mod columns;
#[cfg(test)]
mod tests;
