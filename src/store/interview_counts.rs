//! Interviews, counted by day while they come and go.
//!
//! One interview is counted for everybody, for its facility, for its department, and for both of
//! them, so that every question the statistics ask is a sum over few rows.

use rusqlite::{Connection, params};

use crate::interview::Interview;
use crate::slot::Unit;

/// What stands for every facility, or every department. No record has an empty id.
pub(super) const EVERY: &str = "";

/// Counts a record that has come.
///
/// # Errors
/// When the database cannot be written.
pub(super) fn came(connection: &Connection, interview: &Interview) -> rusqlite::Result<()> {
    change(connection, interview, 1)
}

/// Counts a record no more that has gone.
///
/// # Errors
/// When the database cannot be written.
pub(super) fn went(connection: &Connection, interview: &Interview) -> rusqlite::Result<()> {
    change(connection, interview, -1)
}

fn change(connection: &Connection, interview: &Interview, by: i64) -> rusqlite::Result<()> {
    let day = Unit::Day.slot_of(interview.date);
    let status = interview.status.as_str();
    let synced = by * i64::from(interview.voicedrive_sync_id.is_some());
    let timed = by * i64::from(interview.duration_minutes.is_some());
    let minutes = by * i64::from(interview.duration_minutes.unwrap_or(0));
    for facility in with_every(interview.facility_id.as_deref()) {
        for department in with_every(interview.department_id.as_deref()) {
            let kind = &interview.interview_type;
            let found = connection
                .prepare_cached(
                    "UPDATE interview_counts
                        SET total = total + ?6, synced = synced + ?7, timed = timed + ?8,
                            minutes = minutes + ?9
                      WHERE facility = ?1 AND department = ?2 AND day = ?3
                        AND interview_type = ?4 AND interview_status = ?5",
                )?
                .execute(params![
                    facility, department, day, kind, status, by, synced, timed, minutes
                ])?;
            if found == 0 {
                connection
                    .prepare_cached(
                        "INSERT INTO interview_counts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    )?
                    .execute(params![
                        facility, department, day, kind, status, by, synced, timed, minutes
                    ])?;
            } else if by < 0 {
                connection
                    .prepare_cached(
                        "DELETE FROM interview_counts
                          WHERE facility = ?1 AND department = ?2 AND day = ?3
                            AND interview_type = ?4 AND interview_status = ?5 AND total = 0",
                    )?
                    .execute((facility, department, &day, kind, status))?;
            }
        }
    }
    Ok(())
}

fn with_every(id: Option<&str>) -> impl Iterator<Item = &str> {
    [EVERY].into_iter().chain(id)
}
