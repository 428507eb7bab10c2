//! Erasing what interview records say of a person: of those about the person, and of those that the person held.

use rusqlite::Connection;
use uuid::Uuid;

use super::super::writer::Lane;
use super::super::{Store, StoreError, audit};
use super::{ERASED_AT_ONCE, Range, in_chunks};
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
}

pub(super) fn interviews(
    connection: &Connection,
    staff_id: &str,
    range: Range,
) -> rusqlite::Result<Erased> {
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

/// Takes the person's id out of all records that the person held until a moment.
pub(super) fn interviewer_until(
    connection: &Connection,
    staff_id: &str,
    until: Timestamp,
) -> rusqlite::Result<u64> {
    let changed = connection
        .prepare(
            "UPDATE interviews SET interviewer_id = NULL WHERE interviewer_id = ?1 AND updated_at <= ?2",
        )?
        .execute((staff_id, until))?;
    Ok(changed as u64)
}
