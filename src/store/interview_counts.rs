//! Interviews, counted by day while they come and go.
//!
//! One interview is counted for everybody, for its facility, for its department, and for both of
//! them, so that every question the statistics ask is a sum over few rows.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::interview::Interview;
use crate::slot::Unit;

/// What stands for every facility, or every department. No record has an empty id.
pub(super) const EVERY: &str = "";

/// What a count is of: facility, department, day, type, status.
type Key = (String, String, String, String, &'static str);

/// What the records of one transaction change in the counts: each count is written once, however
/// many records it is of.
#[derive(Default)]
pub(super) struct Changes(HashMap<Key, Change>);

#[derive(Clone, Copy, Default)]
struct Change {
    total: i64,
    synced: i64,
    timed: i64,
    minutes: i64,
}

impl Changes {
    /// A record has come.
    pub(super) fn came(&mut self, interview: &Interview) {
        self.add(interview, 1);
    }

    /// A record has gone.
    pub(super) fn went(&mut self, interview: &Interview) {
        self.add(interview, -1);
    }

    fn add(&mut self, interview: &Interview, by: i64) {
        for facility in with_every(interview.facility_id.as_deref()) {
            for department in with_every(interview.department_id.as_deref()) {
                let key = (
                    facility.to_owned(),
                    department.to_owned(),
                    Unit::Day.slot_of(interview.date),
                    interview.interview_type.clone(),
                    interview.status.as_str(),
                );
                let change = self.0.entry(key).or_default();
                change.total += by;
                change.synced += by * i64::from(interview.voicedrive_sync_id.is_some());
                change.timed += by * i64::from(interview.duration_minutes.is_some());
                change.minutes += by * i64::from(interview.duration_minutes.unwrap_or(0));
            }
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(super) fn keep(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut update = connection.prepare_cached(
            "UPDATE interview_counts
                SET total = total + ?6, synced = synced + ?7, timed = timed + ?8,
                    minutes = minutes + ?9
              WHERE facility = ?1 AND department = ?2 AND day = ?3
                AND interview_type = ?4 AND interview_status = ?5",
        )?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO interview_counts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        let mut delete = connection.prepare_cached(
            "DELETE FROM interview_counts
              WHERE facility = ?1 AND department = ?2 AND day = ?3
                AND interview_type = ?4 AND interview_status = ?5 AND total = 0",
        )?;
        for (key, change) in self.0 {
            let (facility, department, day, kind, status) = key;
            let Change {
                total,
                synced,
                timed,
                minutes,
            } = change;
            let row = params![
                facility, department, day, kind, status, total, synced, timed, minutes
            ];
            if update.execute(row)? == 0 {
                insert.execute(row)?;
            }
            if total <= 0 {
                delete.execute((facility, department, day, kind, status))?;
            }
        }
        Ok(())
    }
}

fn with_every(id: Option<&str>) -> impl Iterator<Item = &str> {
    [EVERY].into_iter().chain(id)
}
