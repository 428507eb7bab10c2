//! Erasing what interview records say of a person: of those about the person, and of those that the person held.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::super::writer::Lane;
use super::super::{Store, StoreError, audit, people};
use super::{ERASED_AT_ONCE, Range, counted, in_chunks};
use crate::person::{self, ERASED, Erased, KeyedHash};
use crate::timestamp::Timestamp;

impl Store {
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
            let erased = interviews(connection, &id, range)?;
            Ok(counted(connection, range, erased)?)
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
        range: Range,
    ) -> Result<Erased, StoreError> {
        let mut erased = Erased::default();
        for some in in_chunks(&records) {
            let id = staff_id.to_owned();
            let step = self.write(Lane::Maintenance, move |c| {
                Ok::<_, StoreError>(counted(c, range, interviewer(c, &id, &some)?)?)
            });
            erased.add(step.await?);
        }
        Ok(erased)
    }
}

pub(super) fn interviews(
    connection: &Connection,
    staff_id: &str,
    range: Range,
) -> rusqlite::Result<Erased> {
    let found: Vec<String> = connection
        .prepare_cached(
            "SELECT id FROM interviews
              WHERE employee_id = ?1 AND (seq <= ?2 OR updated_at <= ?3) LIMIT ?4",
        )?
        .query_map(
            (staff_id, range.last_interview, range.until, ERASED_AT_ONCE),
            |row| row.get(0),
        )?
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

/// Removes from a record what identifies the person. Its id is remembered as a hash, so that the record is recognised
/// when it is handed in again.
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
    remember_interviewer(connection, key, staff_id, (id, &now_called))?;
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

/// Of a record that its person held, too, that is taken away for good: it may come again without saying whose it was. `ids`:
/// what it was and is called.
fn remember_interviewer(
    connection: &Connection,
    key: &KeyedHash,
    staff_id: &str,
    (was_called, now_called): (&str, &str),
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO erased_interviewers (hash)
             SELECT ?1 FROM interviews WHERE id = ?2 AND interviewer_id = ?3
             ON CONFLICT DO NOTHING",
        )?
        .execute((
            person::hash_of_interviewer(key, was_called, staff_id),
            now_called,
            staff_id,
        ))
        .map(|_| ())
}

/// When the records of a person changed last that are known to have been erased, in a copy that still has them.
pub(super) fn last_change_of_erased(
    connection: &Connection,
    keys: &[KeyedHash],
    staff_id: &str,
) -> rusqlite::Result<Option<Timestamp>> {
    let records: Vec<(String, Timestamp)> = connection
        .prepare_cached("SELECT id, updated_at FROM interviews WHERE employee_id = ?1")?
        .query_map([staff_id], |row| row.try_into())?
        .collect::<rusqlite::Result<_>>()?;
    let mut last = None;
    for (id, updated_at) in records {
        if present_id(connection, keys, &id)?.is_some() {
            last = last.max(Some(updated_at));
        }
    }
    Ok(last)
}

/// A unique value in the place of something that was erased.
pub(in crate::store) fn erased_name() -> String {
    format!("{ERASED}-{}", Uuid::new_v4())
}

/// Gives a record another id, without the staff id in it.
fn rename(connection: &Connection, id: &str, new: &str) -> rusqlite::Result<()> {
    // Foreign keys are checked at the commit, so that the records that were rescheduled from this one can follow.
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

pub(super) fn interviewer(
    connection: &Connection,
    staff_id: &str,
    records: &[String],
) -> rusqlite::Result<Erased> {
    let key = audit::key(connection)?;
    let mut update = connection.prepare_cached(
        "UPDATE interviews SET interviewer_id = NULL WHERE id = ?1 AND interviewer_id = ?2",
    )?;
    let mut remember = connection.prepare_cached(
        "INSERT INTO erased_interviewers (hash) VALUES (?1) ON CONFLICT DO NOTHING",
    )?;
    let mut erased = Erased::default();
    for id in records {
        if update.execute((id, staff_id))? > 0 {
            remember.execute([person::hash_of_interviewer(&key, id, staff_id)])?;
            erased.held += 1;
        }
    }
    Ok(erased)
}

/// Takes the person's id out of all records that the person held until a moment, and of those from which it was taken
/// before.
pub(super) fn interviewer_until(
    connection: &Connection,
    staff_id: &str,
    until: Timestamp,
) -> rusqlite::Result<u64> {
    let keys = people::keys(connection)?;
    let held: Vec<(String, Timestamp)> = connection
        .prepare("SELECT id, updated_at FROM interviews WHERE interviewer_id = ?1")?
        .query_map([staff_id], |row| row.try_into())?
        .collect::<rusqlite::Result<_>>()?;
    let mut taken = Vec::new();
    for (id, updated_at) in held {
        if updated_at <= until || was_interviewer(connection, &keys, &id, staff_id)? {
            taken.push(id);
        }
    }
    Ok(interviewer(connection, staff_id, &taken)?.held)
}

/// Whether somebody held a record, and that was taken out of it.
pub(in crate::store) fn was_interviewer(
    connection: &Connection,
    keys: &[KeyedHash],
    record: &str,
    staff_id: &str,
) -> rusqlite::Result<bool> {
    let mut find =
        connection.prepare_cached("SELECT 1 FROM erased_interviewers WHERE hash = ?1")?;
    for key in keys {
        if find.exists([person::hash_of_interviewer(key, record, staff_id)])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The id that a record has since its person was erased; none: nobody was erased with it.
pub(in crate::store) fn present_id(
    connection: &Connection,
    keys: &[KeyedHash],
    id: &str,
) -> rusqlite::Result<Option<String>> {
    for key in keys {
        let found = connection
            .prepare_cached("SELECT id FROM erased_interviews WHERE id_hash = ?1")?
            .query_row([person::hash_of_record(key, id)], |row| row.get(0))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
