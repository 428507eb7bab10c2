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

use std::collections::{BTreeSet, HashSet};

use rusqlite::Connection;

use super::error::may_fail_with_the_store;
use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError, audit, people};
use crate::audit::{Action, Actor, Running, Subject};
use crate::clock::Moment;
use crate::event::MAX_STAFF_ID_CHARACTERS;
use crate::person::{self, Erased, KeyedHash, OpenDelivery};
use crate::timestamp::Timestamp;
use events::some_events;
pub(super) use events::{after_attempt, is_erased};
pub(super) use interviews::{erased_name, present_id, was_interviewer};
use interviews::{interviewer_until, interviews, last_change_of_erased};
pub(super) use texts::lasting_holds;

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
    /// When the erasure has begun: by that it is told from a later one of the same person.
    begun_at: Timestamp,
    /// The last event.
    last_event: i64,
    /// The last interview record that was there then, by its `seq`: one that is replaced meanwhile is erased all the same.
    last_interview: i64,
    /// Other interview records that changed after this moment are not erased.
    until: Timestamp,
    /// Whether what did not arrive may be given up.
    give_up: bool,
    /// The row of the audit that counts what is erased; none: that is not an action of its own.
    action: Option<i64>,
}

impl Store {
    /// Begins to erase a person's data, and returns how far it goes. The audit counts each row in the transaction that erases
    /// it: an erasure that is broken off and done again counts none twice.
    ///
    /// # Errors
    /// `StillOpen`, and nothing was changed; or the store's.
    pub async fn begin_erasure(
        &self,
        staff_id: &str,
        give_up: bool,
        by: Actor,
        moment: Moment,
    ) -> Result<Range, EraseError> {
        let (id, now) = (staff_id.to_owned(), self.time.now(moment));
        self.write(Lane::Maintenance, move |connection| {
            let entry = by.clone().did(Action::Erase, now.wall);
            let entry = entry.to(Subject::Staff(id.clone())).counting(0);
            let range = begin(connection, &id, give_up, now)?;
            let action = Some(audit::record(connection, &entry)?);
            Ok(Range { action, ..range })
        })
        .await
    }

    /// Records the end of an erasure. When another one of the same person has begun since, it is that one which ends.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_erasure(
        &self,
        staff_id: &str,
        range: Range,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let (id, now) = (staff_id.to_owned(), self.time.now(moment));
        self.write(Lane::Maintenance, move |connection| {
            Ok(end(connection, &id, range, now)?)
        })
        .await
    }

    /// Whether an erasure is still to be ended: neither it nor a later one of the same person was, and no later one has begun.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_to_be_ended(&self, staff_id: &str, range: Range) -> Result<bool, StoreError> {
        let id = staff_id.to_owned();
        self.read(move |connection| Ok(is_to_be_ended(connection, &id, range)?))
            .await
    }
}

/// Keeps in the audit that so many rows more were erased.
fn counted(connection: &Connection, range: Range, erased: Erased) -> rusqlite::Result<Erased> {
    if let Some(seq) = range.action {
        let rows = erased.events + erased.interviews + erased.held;
        audit::go_on(connection, &Running::Goes(seq), rows)?;
    }
    Ok(erased)
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

/// The range of what is kept of a person now. The clock may have been ahead when some of it came.
fn range(
    connection: &Connection,
    staff_id: &str,
    give_up: bool,
    now: Timestamp,
) -> rusqlite::Result<Range> {
    let last_event: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM events WHERE staff_id = ?1")?
        .query_row([staff_id], |row| row.get(0))?;
    let (last_interview, last_change): (Option<i64>, Option<Timestamp>) = connection
        .prepare_cached("SELECT max(seq), max(updated_at) FROM interviews WHERE employee_id = ?1")?
        .query_row([staff_id], |row| row.try_into())?;
    Ok(Range {
        begun_at: now,
        last_event: last_event.unwrap_or(0),
        last_interview: last_interview.unwrap_or(0),
        until: last_change.max(Some(now)).unwrap_or(now),
        give_up,
        action: None,
    })
}

/// The range of what was kept of a person when that was erased, in a copy: what was there by then, and what is known to have
/// been erased.
fn range_of_erased(
    connection: &Connection,
    keys: &[KeyedHash],
    staff_id: &str,
    until: Timestamp,
) -> rusqlite::Result<Range> {
    let last_event: Option<i64> = connection
        .prepare_cached(
            "SELECT max(seq) FROM events
              WHERE staff_id = ?1
                AND (accepted_at <= ?2 OR seq IN (SELECT event_seq FROM erased_events))",
        )?
        .query_row((staff_id, until), |row| row.get(0))?;
    let last_change = last_change_of_erased(connection, keys, staff_id)?;
    Ok(Range {
        begun_at: until,
        last_event: last_event.unwrap_or(0),
        last_interview: 0,
        until: last_change.max(Some(until)).unwrap_or(until),
        give_up: true,
        action: None,
    })
}

fn is_to_be_ended(connection: &Connection, staff_id: &str, range: Range) -> rusqlite::Result<bool> {
    let hash = person::hash_of_staff(&audit::key(connection)?, staff_id);
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM erasures
                             WHERE staff_hash = ?1 AND erased_at = ?2 AND ended_at IS NULL)",
        )?
        .query_row((hash, range.begun_at), |row| row.get(0))
}

fn end(connection: &Connection, staff_id: &str, range: Range, now: Now) -> rusqlite::Result<()> {
    if !is_to_be_ended(connection, staff_id, range)? {
        return Ok(());
    }
    for key in people::keys(connection)? {
        connection
            .prepare_cached(
                "UPDATE erasures SET ended_at = ?2 WHERE staff_hash = ?1 AND ended_at IS NULL",
            )?
            .execute((person::hash_of_staff(&key, staff_id), now.wall))?;
    }
    Ok(())
}

/// Erases in a copy the data of people who were erased after it was made, in the caller's transaction. `lasting_holds`:
/// the incidents of the holds whose reasons stay. Returns the number of rows.
pub(super) fn again(
    connection: &Connection,
    lasting_holds: &BTreeSet<String>,
    at: Timestamp,
) -> rusqlite::Result<u64> {
    let keys = people::keys(connection)?;
    let mut erased = 0;
    for staff_id in erased_people(connection, &keys)? {
        if let Some((until, _)) = people::erasure(connection, &keys, &staff_id)? {
            let range = range_of_erased(connection, &keys, &staff_id, until)?;
            erased += all_of(connection, &staff_id, range, lasting_holds, at)?;
        }
    }
    Ok(erased)
}

/// The erased people whose ids stand where an erasure takes them from. Of whom only a text tells that is over, each of its
/// words may be one.
fn erased_people(
    connection: &Connection,
    keys: &[KeyedHash],
) -> rusqlite::Result<BTreeSet<String>> {
    let erased: HashSet<KeyedHash> = connection
        .prepare("SELECT staff_hash FROM erasures")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if erased.is_empty() {
        return Ok(BTreeSet::new());
    }
    let is_erased = |staff_id: &str| {
        let mut hashes = keys.iter().map(|key| person::hash_of_staff(key, staff_id));
        hashes.any(|hash| erased.contains(&hash))
    };
    let mut found = everybody(connection)?;
    found.retain(|staff_id| is_erased(staff_id));
    for text in texts::typed(connection)? {
        let words = person::words_in(&text, MAX_STAFF_ID_CHARACTERS);
        found.extend(words.filter(|word| is_erased(word)).map(str::to_owned));
    }
    Ok(found)
}

fn everybody(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    connection
        .prepare(
            "SELECT staff_id FROM events WHERE staff_id IS NOT NULL
             UNION SELECT staff_id FROM ingest_newest WHERE staff_id <> ''
             UNION SELECT employee_id FROM interviews
             UNION SELECT interviewer_id FROM interviews WHERE interviewer_id IS NOT NULL",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn all_of(
    connection: &Connection,
    staff_id: &str,
    range: Range,
    lasting_holds: &BTreeSet<String>,
    at: Timestamp,
) -> rusqlite::Result<u64> {
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
    erased.held = interviewer_until(connection, staff_id, range.until)?;
    erased.add(texts::all(connection, staff_id, lasting_holds, at)?);
    Ok(erased.events + erased.interviews + erased.held + erased.texts)
}

#[cfg(test)]
mod columns;
#[cfg(test)]
mod coming_back;
#[cfg(test)]
mod tests;
