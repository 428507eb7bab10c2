//! Counts of interviews by month, day and hour, changed together with the interviews.
//!
//! Each interview is counted four times: in all, for its facility, for its department, and for both together. So
//! every statistic is a sum over few rows.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::interview::Interview;
use crate::interview_stats::InterviewChange;
use crate::slot::Unit;

/// Means every facility, or every department. No record has an empty id.
pub(super) const EVERY: &str = "";

/// The slots in which the interviews of a facility and a department are counted: by the hour only those of
/// everybody, because one facility would have about as many counts as interviews.
pub(super) fn slots(facility: &str, department: &str) -> &'static [Unit] {
    if (facility, department) == (EVERY, EVERY) {
        &[Unit::Month, Unit::Day, Unit::Hour]
    } else {
        &[Unit::Month, Unit::Day]
    }
}

/// The key of a count: facility, department, slot, type.
type Key = (String, String, String, String);

/// What the records of one transaction change in the counts. They are collected, so that a count is not
/// written for each record that it is of, and are in the order of the table, which is the quickest to write.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<Key, InterviewChange>);

impl Changes {
    /// A record was added.
    pub(super) fn added(&mut self, interview: &Interview) {
        self.add(interview, 1);
    }

    /// A record was removed.
    pub(super) fn removed(&mut self, interview: &Interview) {
        self.add(interview, -1);
    }

    fn add(&mut self, interview: &Interview, sign: i64) {
        let change = InterviewChange::of(interview);
        for facility in with_every(interview.facility_id.as_deref()) {
            for department in with_every(interview.department_id.as_deref()) {
                for unit in slots(facility, department) {
                    let key = (
                        facility.to_owned(),
                        department.to_owned(),
                        unit.name_of(interview.date),
                        interview.interview_type.clone(),
                    );
                    self.0.entry(key).or_default().add(&change, sign);
                }
            }
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(
            "INSERT INTO interview_counts (facility, department, slot, interview_type, scheduled,
                 completed, cancelled, no_show, rescheduled, synced, timed, minutes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT DO UPDATE
                SET scheduled = scheduled + excluded.scheduled,
                    completed = completed + excluded.completed,
                    cancelled = cancelled + excluded.cancelled,
                    no_show = no_show + excluded.no_show,
                    rescheduled = rescheduled + excluded.rescheduled,
                    synced = synced + excluded.synced, timed = timed + excluded.timed,
                    minutes = minutes + excluded.minutes",
        )?;
        let mut delete = connection.prepare_cached(
            "DELETE FROM interview_counts
              WHERE facility = ?1 AND department = ?2 AND slot = ?3 AND interview_type = ?4
                AND scheduled + completed + cancelled + no_show + rescheduled = 0",
        )?;
        for ((facility, department, slot, kind), change) in self.0 {
            add.execute(params![
                facility,
                department,
                slot,
                kind,
                change.scheduled,
                change.completed,
                change.cancelled,
                change.no_show,
                change.rescheduled,
                change.synced,
                change.timed,
                change.minutes
            ])?;
            if change.total() <= 0 {
                delete.execute((facility, department, slot, kind))?;
            }
        }
        Ok(())
    }
}

fn with_every(id: Option<&str>) -> impl Iterator<Item = &str> {
    [EVERY].into_iter().chain(id)
}
