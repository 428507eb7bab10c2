//! The row of an interview record.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row};

use super::connection::word;
use crate::interview::{Interview, InterviewRecord, InterviewStatus};
use crate::timestamp::Timestamp;

/// The columns that a record's fields stand in, also while it waits for the rest of its file.
macro_rules! fields {
    () => {
        "id, employee_id, employee_name, interviewer_id, interview_type, interview_date,
         interview_status, duration_minutes, voicedrive_sync_id, rescheduled_from_id,
         facility_id, department_id, completed_at, status_reason"
    };
}
pub(super) use fields;

// Two statements instead of one upsert: for an upsert SQLite journals every page that it touches
// for itself, and a long import writes a hundred times what it keeps.

pub(super) fn create(
    connection: &Connection,
    interview: &Interview,
    now: Timestamp,
) -> rusqlite::Result<()> {
    write(
        connection,
        concat!(
            "INSERT INTO interviews (",
            fields!(),
            ", created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15)"
        ),
        interview,
        &now,
    )
}

pub(super) fn replace(
    connection: &Connection,
    interview: &Interview,
    now: Timestamp,
) -> rusqlite::Result<()> {
    write(
        connection,
        "UPDATE interviews
            SET employee_id = ?2, employee_name = ?3, interviewer_id = ?4, interview_type = ?5,
                interview_date = ?6, interview_status = ?7, duration_minutes = ?8,
                voicedrive_sync_id = ?9, rescheduled_from_id = ?10, facility_id = ?11,
                department_id = ?12, completed_at = ?13, status_reason = ?14, updated_at = ?15
          WHERE id = ?1",
        interview,
        &now,
    )
}

/// Runs a statement with the fields as its first 14 values, in the order of `fields!`, and one more.
pub(super) fn write(
    connection: &Connection,
    sql: &str,
    interview: &Interview,
    more: &dyn ToSql,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(sql)?
        .execute(rusqlite::params![
            interview.id,
            interview.employee_id,
            interview.employee_name,
            interview.interviewer_id,
            interview.interview_type,
            interview.date,
            interview.status.as_str(),
            interview.duration_minutes,
            interview.voicedrive_sync_id,
            interview.rescheduled_from_id,
            interview.facility_id,
            interview.department_id,
            interview.completed_at,
            interview.status_reason,
            more,
        ])
        .map(|_| ())
}

pub(super) const COLUMNS: &str = concat!("seq, ", fields!(), ", created_at, updated_at");

pub(super) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<InterviewRecord>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM interviews WHERE id = ?1"))?
        .query_row([id], record)
        .optional()
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<InterviewRecord> {
    Ok(InterviewRecord {
        seq: row.get(0)?,
        interview: interview(row)?,
        created_at: row.get(15)?,
        updated_at: row.get(16)?,
    })
}

/// The record of a row that has a number and then the fields.
pub(super) fn interview(row: &Row<'_>) -> rusqlite::Result<Interview> {
    Ok(Interview {
        id: row.get(1)?,
        employee_id: row.get(2)?,
        employee_name: row.get(3)?,
        interviewer_id: row.get(4)?,
        interview_type: row.get(5)?,
        date: row.get(6)?,
        status: word(7, row.get(7)?, InterviewStatus::from_word)?,
        duration_minutes: row.get(8)?,
        voicedrive_sync_id: row.get(9)?,
        rescheduled_from_id: row.get(10)?,
        facility_id: row.get(11)?,
        department_id: row.get(12)?,
        completed_at: row.get(13)?,
        status_reason: row.get(14)?,
    })
}
