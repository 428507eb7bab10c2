//! Erasing one person's data (contract, section 13): everything that says whose they are leaves the rows, and the rows
//! stay, so that no count changes.
//!
//! It is done in steps, each a small transaction. The staff id leaves a row with everything else of it, so what still has
//! it is what is left to do: an erasure that was broken off is done again from its beginning, and goes on where it was.

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::error::may_fail_with_the_store;
use super::incidents::End;
use super::queue_row::{LOG_EXHAUSTED, QUEUE_EXHAUSTED, queue_status};
use super::relay_time::Now;
use super::send_counts::{self, QueueStatus};
use super::writer::Lane;
use super::{Store, StoreError, audit, delivered_digests, incidents, missing, people, round};
use crate::audit::{Action, Actor, Subject};
use crate::clock::Moment;
use crate::content::Digest;
use crate::person::{self, ERASED, Erased, KeyedHash, OpenDelivery};
use crate::timestamp::Timestamp;

/// Rows that are looked at in one go when no index leads to them.
const LOOKED_AT_ONCE: u32 = 2000;
/// Rows that one transaction changes; more would hold up accepting.
const ERASED_AT_ONCE: u32 = 50;

/// When the erasures began that were broken off, and have to be done again.
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
    /// The last moment at which an interview record may have come.
    until: Timestamp,
    /// Whether what did not arrive may be given up.
    give_up: bool,
}

impl Store {
    /// Begins to erase a person's data, and says how far it goes; `count` is the number of rows that it is known to be
    /// about.
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

    /// Forgets by which contents the person's events would be known again.
    ///
    /// # Errors
    /// When the database cannot be read or written; what was forgotten before stays so.
    pub async fn forget_contents_of(&self, staff_id: &str, range: Range) -> Result<(), StoreError> {
        let mut after = Some(Place::default());
        while let Some(from) = after {
            let id = staff_id.to_owned();
            let step = self.read(move |c| Ok(keys_after(c, &id, range, &from)?));
            let (found, next) = step.await?;
            for some in in_chunks(&found) {
                self.write(Lane::Maintenance, move |c| {
                    Ok::<_, StoreError>(forget_keys(c, &some)?)
                })
                .await?;
            }
            after = next;
        }
        let mut after = Some(Place::default());
        while let Some(from) = after {
            let id = staff_id.to_owned();
            let step = self.read(move |c| Ok(contents_after(c, &id, range, &from)?));
            let (found, next) = step.await?;
            for some in in_chunks(&found) {
                self.write(Lane::Maintenance, move |c| {
                    Ok::<_, StoreError>(forget_contents(c, &some)?)
                })
                .await?;
            }
            after = next;
        }
        let id = staff_id.to_owned();
        self.write(Lane::Maintenance, move |c| {
            Ok(forget_newest(c, &id, range)?)
        })
        .await
    }

    /// Erases some of the person's events; none when there are no more.
    ///
    /// # Errors
    /// `StillOpen` for what was sent again meanwhile; or the store's.
    pub async fn erase_events(
        &self,
        staff_id: &str,
        range: Range,
        moment: Moment,
    ) -> Result<Erased, EraseError> {
        let (id, now) = (staff_id.to_owned(), self.time.now(moment));
        self.write(Lane::Maintenance, move |connection| {
            events(connection, &id, range, now)
        })
        .await
    }

    /// Erases some of the person's interview records; none when there are no more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn erase_interviews(
        &self,
        staff_id: &str,
        range: Range,
    ) -> Result<Erased, StoreError> {
        let id = staff_id.to_owned();
        self.write(Lane::Maintenance, move |connection| {
            Ok(interviews(connection, &id, range)?)
        })
        .await
    }

    /// Takes the person's id out of these records of others.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn erase_interviewer(
        &self,
        staff_id: &str,
        records: Vec<String>,
    ) -> Result<Erased, StoreError> {
        let mut erased = Erased::default();
        for some in in_chunks(&records) {
            let id = staff_id.to_owned();
            let step = self.write(Lane::Maintenance, move |c| {
                Ok::<_, StoreError>(interviewer(c, &id, &some)?)
            });
            erased.add(step.await?);
        }
        Ok(erased)
    }

    /// Keeps that an erasure has come to its end.
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

/// A place in the order of a table with two keys.
#[derive(Clone, Debug, Default)]
struct Place {
    bytes: Digest,
    position: i64,
    text: String,
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

/// What there is of a person until a moment.
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

/// The idempotency keys of the person's events, of so many that follow a place, and where the next ones begin.
fn keys_after(
    connection: &Connection,
    staff_id: &str,
    range: Range,
    after: &Place,
) -> rusqlite::Result<(Vec<Place>, Option<Place>)> {
    let place = |row: &Row<'_>| -> rusqlite::Result<Place> {
        Ok(Place {
            bytes: row.get(0)?,
            position: row.get(1)?,
            ..Place::default()
        })
    };
    let looked_at: Vec<(Place, bool)> = connection
        .prepare_cached(
            "SELECT key_hash, position, event_id IN (
                        SELECT id FROM events WHERE staff_id = ?3 AND seq <= ?4)
               FROM idempotency_keys WHERE (key_hash, position) > (?1, ?2)
              ORDER BY key_hash, position LIMIT ?5",
        )?
        .query_map(
            (
                after.bytes,
                after.position,
                staff_id,
                range.last_event,
                LOOKED_AT_ONCE,
            ),
            |row| Ok((place(row)?, row.get(2)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found_and_next(looked_at))
}

/// The same of what the ingest knows again.
fn contents_after(
    connection: &Connection,
    staff_id: &str,
    range: Range,
    after: &Place,
) -> rusqlite::Result<(Vec<Place>, Option<Place>)> {
    let place = |row: &Row<'_>| -> rusqlite::Result<Place> {
        Ok(Place {
            text: row.get(0)?,
            bytes: row.get(1)?,
            ..Place::default()
        })
    };
    let looked_at: Vec<(Place, bool)> = connection
        .prepare_cached(
            "SELECT found_by, content_digest, event_seq IN (
                        SELECT seq FROM events WHERE staff_id = ?3 AND seq <= ?4)
               FROM ingest_contents WHERE (found_by, content_digest) > (?1, ?2)
              ORDER BY found_by, content_digest LIMIT ?5",
        )?
        .query_map(
            (
                &after.text,
                after.bytes,
                staff_id,
                range.last_event,
                LOOKED_AT_ONCE,
            ),
            |row| Ok((place(row)?, row.get(2)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found_and_next(looked_at))
}

fn found_and_next(looked_at: Vec<(Place, bool)>) -> (Vec<Place>, Option<Place>) {
    let is_full = looked_at.len() == LOOKED_AT_ONCE as usize;
    let next = looked_at.last().map(|(place, _)| place.clone());
    let found = looked_at.into_iter();
    let found = found.filter_map(|(place, found)| found.then_some(place));
    (found.collect(), next.filter(|_| is_full))
}

fn forget_keys(connection: &Connection, keys: &[Place]) -> rusqlite::Result<()> {
    let mut forget = connection.prepare_cached(
        "UPDATE idempotency_keys SET content_digest = NULL WHERE key_hash = ?1 AND position = ?2",
    )?;
    for key in keys {
        forget.execute((key.bytes, key.position))?;
    }
    Ok(())
}

fn forget_contents(connection: &Connection, contents: &[Place]) -> rusqlite::Result<()> {
    let mut forget = connection.prepare_cached(
        "DELETE FROM ingest_contents WHERE found_by = ?1 AND content_digest = ?2",
    )?;
    for content in contents {
        forget.execute((&content.text, content.bytes))?;
    }
    Ok(())
}

fn forget_newest(connection: &Connection, staff_id: &str, range: Range) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM ingest_newest WHERE staff_id = ?1 AND event_seq <= ?2")?
        .execute((staff_id, range.last_event))
        .map(|_| ())
}

fn events(
    connection: &Connection,
    staff_id: &str,
    range: Range,
    now: Now,
) -> Result<Erased, EraseError> {
    if !range.give_up {
        for (seq, id) in next_events(connection, staff_id, range)? {
            // Somebody has sent it again since the erasure began.
            if is_open(connection, seq, &id)? {
                return Err(EraseError::StillOpen(people::open(connection, staff_id)?));
            }
        }
    }
    Ok(some_events(connection, staff_id, range, now.wall)?)
}

/// The next of the person's events that are to be erased.
fn next_events(
    connection: &Connection,
    staff_id: &str,
    range: Range,
) -> rusqlite::Result<Vec<(i64, String)>> {
    connection
        .prepare_cached(
            "SELECT seq, id FROM events WHERE staff_id = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map((staff_id, range.last_event, ERASED_AT_ONCE), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

/// Erases them; what is open among them is given up.
fn some_events(
    connection: &Connection,
    staff_id: &str,
    range: Range,
    at: Timestamp,
) -> rusqlite::Result<Erased> {
    let mut erased = Erased::default();
    for (seq, id) in next_events(connection, staff_id, range)? {
        if is_open(connection, seq, &id)? {
            give_up(connection, seq, &id, at)?;
            erased.given_up += 1;
        }
        // What is missing at the partner cannot be sent again any more.
        if missing::dismiss(connection, seq, at)? {
            incidents::leave(connection, seq, End::GivenUp)?;
        }
        event(connection, seq, &id)?;
        erased.events += 1;
    }
    Ok(erased)
}

/// Whether a delivery is still to be made, or waits for somebody who decides.
fn is_open(connection: &Connection, seq: i64, id: &str) -> rusqlite::Result<bool> {
    let waits: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE event_seq = ?1)")?
        .query_row([seq], |row| row.get(0))?;
    Ok(match queue_status(connection, id)? {
        Some(QueueStatus::Pending | QueueStatus::Processing | QueueStatus::Failed) => true,
        Some(QueueStatus::Completed | QueueStatus::Dismissed) | None => waits,
    })
}

/// A delivery is not made any more. One that has arrived before is what it was; any other is dismissed.
fn give_up(connection: &Connection, seq: i64, id: &str, at: Timestamp) -> rusqlite::Result<()> {
    delivered_digests::forget(connection, id)?;
    connection
        .prepare_cached("DELETE FROM outbox WHERE event_seq = ?1")?
        .execute([seq])?;
    let sent: Option<(String, bool)> = connection
        .prepare_cached("SELECT route, status = 'success' FROM webhook_send_logs WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let before = queue_status(connection, id)?;
    let has_arrived = sent.as_ref().is_some_and(|(_, arrived)| *arrived);
    if !has_arrived {
        dismiss(connection, seq, at)?;
    }
    let (Some((route, _)), Some(before)) = (sent, before) else {
        return Ok(());
    };
    let (word, after) = if has_arrived {
        ("completed", QueueStatus::Completed)
    } else {
        ("failed", QueueStatus::Dismissed)
    };
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue
                SET status = ?2, updated_at = ?3, last_error = iif(?2 = 'failed', ?4, last_error)
              WHERE id = ?1",
        )?
        .execute((id, word, at, QUEUE_EXHAUSTED))?;
    send_counts::add_queued(connection, &route, before, -1)?;
    send_counts::add_queued(connection, &route, after, 1)
}

fn dismiss(connection: &Connection, seq: i64, at: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO dismissed_deliveries (event_seq, dismissed_at) VALUES (?1, ?2)
             ON CONFLICT DO NOTHING",
        )?
        .execute((seq, at))?;
    connection
        .prepare_cached(
            "UPDATE incident_deliveries SET ended = 'dismissed'
              WHERE event_seq = ?1 AND ended IS NULL",
        )?
        .execute([seq])
        .map(|_| ())
}

/// Takes out of an event and of everything that follows from it what says whose it is.
fn event(connection: &Connection, seq: i64, id: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO erased_events (event_seq) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([seq])?;
    connection
        .prepare_cached("UPDATE events SET staff_id = NULL, data = '{}' WHERE seq = ?1")?
        .execute([seq])?;
    connection
        .prepare_cached(
            "UPDATE attempts
                SET response_body = NULL, error_message = iif(error_message IS NULL, NULL, ?2)
              WHERE event_seq = ?1",
        )?
        .execute((seq, ERASED))?;
    connection
        .prepare_cached(
            "UPDATE webhook_send_logs
                SET staff_id = NULL, response_body = NULL,
                    error_message = CASE WHEN error_message IS NULL THEN NULL
                                         WHEN error_message = ?2 THEN error_message ELSE ?3 END
              WHERE id = ?1",
        )?
        .execute((id, LOG_EXHAUSTED, ERASED))?;
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue
                SET payload = '{}',
                    last_error = CASE WHEN last_error IS NULL THEN NULL
                                      WHEN last_error = ?2 THEN last_error ELSE ?3 END
              WHERE id = ?1",
        )?
        .execute((id, QUEUE_EXHAUSTED, ERASED))
        .map(|_| ())
}

/// Whether an event is one of an erased person.
pub(super) fn is_erased(connection: &Connection, seq: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM erased_events WHERE event_seq = ?1)")?
        .query_row([seq], |row| row.get(0))
}

/// An attempt that was under way when its event was erased has ended: nothing of it may bring back what is gone.
pub(super) fn after_attempt(
    connection: &Connection,
    seq: i64,
    id: &str,
    now: Now,
) -> rusqlite::Result<()> {
    if !is_erased(connection, seq)? {
        return Ok(());
    }
    if is_open(connection, seq, id)? {
        give_up(connection, seq, id, now.wall)?;
    }
    let has_arrived: bool = connection
        .prepare_cached("SELECT status = 'success' FROM webhook_send_logs WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    if has_arrived {
        round::withdraw_dismissal(connection, seq)?;
    }
    event(connection, seq, id)
}

fn interviews(connection: &Connection, staff_id: &str, range: Range) -> rusqlite::Result<Erased> {
    let found: Vec<String> = connection
        .prepare_cached(
            "SELECT id FROM interviews WHERE employee_id = ?1 AND updated_at <= ?2 LIMIT ?3",
        )?
        .query_map((staff_id, range.until, ERASED_AT_ONCE), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let key = audit::key(connection)?;
    for id in &found {
        interview(connection, &key, staff_id, id)?;
    }
    Ok(Erased {
        interviews: found.len() as u64,
        ..Erased::default()
    })
}

/// Takes out of a record what says whose it is. What it may be handed in by again is remembered as a hash.
fn interview(
    connection: &Connection,
    key: &KeyedHash,
    staff_id: &str,
    id: &str,
) -> rusqlite::Result<()> {
    let now_called = if id.contains(staff_id) {
        let new = erased_name();
        rename(connection, id, &new)?;
        new
    } else {
        id.to_owned()
    };
    connection
        .prepare_cached(
            "INSERT INTO erased_interviews (id_hash, id) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET id = excluded.id",
        )?
        .execute((person::hash_of_record(key, id), &now_called))?;
    connection
        .prepare_cached(
            "UPDATE interviews
                SET employee_id = ?3, employee_name = NULL, status_reason = NULL,
                    interviewer_id = nullif(interviewer_id, ?2),
                    voicedrive_sync_id = iif(voicedrive_sync_id IS NULL, NULL, ?4)
              WHERE id = ?1",
        )?
        .execute((&now_called, staff_id, ERASED, erased_name()))
        .map(|_| ())
}

/// A name that says nothing but that something was erased.
pub(super) fn erased_name() -> String {
    format!("{ERASED}-{}", Uuid::new_v4())
}

/// Gives a record another id, in which the staff id does not stand.
fn rename(connection: &Connection, id: &str, new: &str) -> rusqlite::Result<()> {
    // Until the commit, nobody asks whether those that were rescheduled from it name one that is there.
    connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    connection
        .prepare_cached("UPDATE interviews SET id = ?2 WHERE id = ?1")?
        .execute((id, new))?;
    connection
        .prepare_cached(
            "UPDATE interviews SET rescheduled_from_id = ?2 WHERE rescheduled_from_id = ?1",
        )?
        .execute((id, new))
        .map(|_| ())
}

fn interviewer(
    connection: &Connection,
    staff_id: &str,
    records: &[String],
) -> rusqlite::Result<Erased> {
    let mut update = connection.prepare_cached(
        "UPDATE interviews SET interviewer_id = NULL WHERE id = ?1 AND interviewer_id = ?2",
    )?;
    let mut erased = Erased::default();
    for id in records {
        erased.held += update.execute((id, staff_id))? as u64;
    }
    Ok(erased)
}

/// Erases once more what a copy has of people whose data were erased after it was made, in the caller's transaction.
/// Answers how many rows it had.
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
    let mut after = Some(Place::default());
    while let Some(from) = after {
        let (found, next) = keys_after(connection, staff_id, range, &from)?;
        forget_keys(connection, &found)?;
        after = next;
    }
    let mut after = Some(Place::default());
    while let Some(from) = after {
        let (found, next) = contents_after(connection, staff_id, range, &from)?;
        forget_contents(connection, &found)?;
        after = next;
    }
    forget_newest(connection, staff_id, range)?;
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
    erased.held = connection
        .prepare(
            "UPDATE interviews SET interviewer_id = NULL WHERE interviewer_id = ?1 AND updated_at <= ?2",
        )?
        .execute((staff_id, until))? as u64;
    Ok(erased.events + erased.interviews + erased.held)
}

#[cfg(test)]
mod tests;
