//! Interview records of people whose data were erased. The staff system may hand one in again, because its own record has
//! the names still: it is taken without them, and comes back to the row that it was. Who held it stays, unless that was the
//! person, too. A record of somebody else that such a person held is taken without the interviewer.

use rusqlite::Connection;

use super::interview_row::find;
use super::{erase, people};
use crate::interview::Interview;
use crate::person::{ERASED, KeyedHash};

/// What is needed to know such records again, for as long as a batch or a file is taken.
pub(super) struct ErasedRecords {
    /// Empty when there are none to be known.
    keys: Vec<KeyedHash>,
    met: u64,
}

impl ErasedRecords {
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            keys: keys(connection)?,
            met: 0,
        })
    }

    /// The record as it is to be kept.
    pub(super) fn known(
        &mut self,
        connection: &Connection,
        mut interview: Interview,
    ) -> rusqlite::Result<Interview> {
        if let Some(origin) = &interview.rescheduled_from_id
            && let Some(present) = erase::present_id(connection, &self.keys, origin)?
        {
            interview.rescheduled_from_id = Some(present);
        }
        let Some(present) = erase::present_id(connection, &self.keys, &interview.id)? else {
            if self.is_held_by_erased(connection, &interview.id, &interview)? {
                interview.interviewer_id = None;
                self.met += 1;
            }
            return Ok(interview);
        };
        self.met += 1;
        // The record may have had another id when its interviewer was erased.
        if interview.interviewer_id.as_ref() == Some(&interview.employee_id)
            || self.is_held_by_erased(connection, &interview.id, &interview)?
            || self.is_held_by_erased(connection, &present, &interview)?
        {
            interview.interviewer_id = None;
        }
        let kept = find(connection, &present)?;
        let sync_id = kept.and_then(|kept| kept.interview.voicedrive_sync_id);
        Ok(Interview {
            id: present,
            employee_id: ERASED.to_owned(),
            employee_name: None,
            status_reason: None,
            voicedrive_sync_id: interview
                .voicedrive_sync_id
                .map(|_| sync_id.unwrap_or_else(erase::erased_name)),
            ..interview
        })
    }

    /// Whether the interviewer that it names was erased from the record with this id.
    fn is_held_by_erased(
        &self,
        connection: &Connection,
        id: &str,
        interview: &Interview,
    ) -> rusqlite::Result<bool> {
        let interviewer = interview.interviewer_id.as_ref();
        interviewer.map_or(Ok(false), |staff_id| {
            erase::was_interviewer(connection, &self.keys, id, staff_id)
        })
    }

    /// How many were known again.
    pub(super) fn met(&self) -> u64 {
        self.met
    }
}

fn keys(connection: &Connection) -> rusqlite::Result<Vec<KeyedHash>> {
    let any: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM erased_interviews)
                 OR EXISTS (SELECT 1 FROM erased_interviewers)",
        )?
        .query_row([], |row| row.get(0))?;
    if any {
        people::keys(connection)
    } else {
        Ok(Vec::new())
    }
}

/// The id that a record has since its person was erased; none: nobody was erased with it.
pub(super) fn present_id(connection: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    erase::present_id(connection, &keys(connection)?, id)
}

/// Of a record that was deleted, its id is not kept either. Handed in again, it comes with another one.
pub(super) fn rename_deleted(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE erased_interviews SET id = ?2 WHERE id = ?1")?
        .execute((id, erase::erased_name()))
        .map(|_| ())
}
