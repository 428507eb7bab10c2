//! Keeping interview records.

use rusqlite::types::ToSql;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use super::connection::word;
use super::interview_counts::Changes;
use super::interview_intake::{import, put};
use super::writer::Lane;
use super::{Store, StoreError};
use crate::interview::{
    ImportResult, Interview, InterviewConflict, InterviewCursor, InterviewFilter, InterviewRecord,
    InterviewStatus, PutResult, UnknownOrigin,
};
use crate::timestamp::Timestamp;

/// Why nothing of a batch was kept.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// A record contradicts what is kept.
    #[error("record {index} was refused")]
    Refused {
        /// Which record of the batch, from 0.
        index: usize,
        /// Why.
        why: InterviewConflict,
    },
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nothing of a file was kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Records contradict each other or what is kept, or nothing was to be kept: this is what would have become
    /// of the file.
    #[error("nothing of the file was kept")]
    Undone(ImportResult),
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ImportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Why a record was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// Another record was rescheduled from this one.
    #[error("another record was rescheduled from this one")]
    StillNamed,
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for DeleteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Keeps all `interviews`, or none of them, in the order given; each may name an earlier one. What they
    /// contradict is judged by what all of them leave behind.
    ///
    /// # Errors
    /// `Refused` when a record contradicts what is kept; `Unavailable` also while the disk is full.
    pub async fn put_interviews(
        &self,
        interviews: Vec<Interview>,
        now: Timestamp,
    ) -> Result<Vec<PutResult>, PutError> {
        self.accept(Lane::Calls, move |connection| {
            put(connection, &interviews, now)
        })
        .await
    }

    /// Keeps the records of a file, or none of them, each with its place. A record may name one that stands
    /// anywhere in the file, and stands there once itself; what records contradict is judged by what the whole file
    /// leaves behind. `rows` is called once for each time that the file is read. With `dry_run` nothing is kept.
    ///
    /// # Errors
    /// `Undone` with the places of the records that contradict others, or after a dry run; the store's; and what
    /// `rows` answers.
    pub async fn import_interviews<R, I>(
        &self,
        rows: R,
        unknown_origin: UnknownOrigin,
        dry_run: bool,
        now: Timestamp,
    ) -> Result<ImportResult, ImportError>
    where
        R: Fn() -> Result<I, StoreError> + Send + 'static,
        I: Iterator<Item = Result<(u64, Interview), StoreError>>,
    {
        self.accept(Lane::Maintenance, move |connection| {
            let result = import(connection, &rows, unknown_origin, dry_run, now)?;
            if dry_run || result.is_refused() {
                Err(ImportError::Undone(result))
            } else {
                Ok(result)
            }
        })
        .await
    }

    /// The record with this id; none: there is no such record.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn interview(&self, id: &str) -> Result<Option<InterviewRecord>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| Ok(find(connection, &id)?))
            .await
    }

    /// The records that `filter` matches, the latest date first, at most `limit` of them after
    /// `after`, and where the next page begins.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn interviews(
        &self,
        filter: InterviewFilter,
        after: Option<InterviewCursor>,
        limit: usize,
    ) -> Result<(Vec<InterviewRecord>, Option<InterviewCursor>), StoreError> {
        self.read(move |connection| list(connection, &filter, after, limit))
            .await
    }

    /// Deletes the record with this id, and says whether there was one.
    ///
    /// # Errors
    /// `StillNamed` when another record was rescheduled from it.
    pub async fn delete_interview(&self, id: &str) -> Result<bool, DeleteError> {
        let id = id.to_owned();
        self.write(Lane::Calls, move |connection| delete(connection, &id))
            .await
    }
}

// Two statements instead of one upsert: for an upsert SQLite journals every page that it touches
// for itself, and a long import writes a hundred times what it keeps.

pub(super) fn create(
    connection: &Connection,
    interview: &Interview,
    now: Timestamp,
) -> rusqlite::Result<()> {
    write(
        connection,
        "INSERT INTO interviews (
             id, employee_id, employee_name, interviewer_id, interview_type, interview_date,
             interview_status, duration_minutes, voicedrive_sync_id, rescheduled_from_id,
             facility_id, department_id, completed_at, status_reason, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15)",
        interview,
        now,
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
        now,
    )
}

fn write(
    connection: &Connection,
    sql: &str,
    interview: &Interview,
    now: Timestamp,
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
            now,
        ])
        .map(|_| ())
}

pub(super) const COLUMNS: &str =
    "seq, id, employee_id, employee_name, interviewer_id, interview_type,
    interview_date, interview_status, duration_minutes, voicedrive_sync_id, rescheduled_from_id,
    facility_id, department_id, completed_at, status_reason, created_at, updated_at";

pub(super) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<InterviewRecord>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM interviews WHERE id = ?1"))?
        .query_row([id], record)
        .optional()
}

pub(super) fn delete(connection: &Connection, id: &str) -> Result<bool, DeleteError> {
    let Some(earlier) = find(connection, id)? else {
        return Ok(false);
    };
    let deleted = connection
        .prepare_cached("DELETE FROM interviews WHERE id = ?1")?
        .execute([id]);
    match deleted {
        Ok(_) => {
            let mut counts = Changes::default();
            counts.removed(&earlier.interview);
            counts.write(connection)?;
            Ok(true)
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(DeleteError::StillNamed)
        }
        Err(error) => Err(error.into()),
    }
}

fn list(
    connection: &Connection,
    filter: &InterviewFilter,
    after: Option<InterviewCursor>,
    limit: usize,
) -> Result<(Vec<InterviewRecord>, Option<InterviewCursor>), StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM interviews WHERE 1");
    let mut values: Vec<&dyn ToSql> = Vec::new();
    let mut narrow = |condition: &str, value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(condition);
    };
    if let Some(from) = &filter.from {
        narrow("interview_date >= ?", from);
    }
    if let Some(to) = &filter.to {
        narrow("interview_date <= ?", to);
    }
    let status = filter.status.map(InterviewStatus::as_str);
    if let Some(status) = &status {
        narrow("interview_status = ?", status);
    }
    if let Some(facility) = &filter.facility {
        narrow("facility_id = ?", facility);
    }
    if let Some(department) = &filter.department {
        narrow("department_id = ?", department);
    }
    if let Some(InterviewCursor { date, seq }) = &after {
        values.extend([date as &dyn ToSql, seq]);
        sql.push_str(" AND (interview_date, seq) < (?, ?)");
    }
    // One more than asked for says whether there is another page.
    let asked = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    values.push(&asked);
    sql.push_str(" ORDER BY interview_date DESC, seq DESC LIMIT ?");
    let mut items = connection
        .prepare_cached(&sql)?
        .query_map(values.as_slice(), record)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| InterviewCursor {
        date: last.interview.date,
        seq: last.seq,
    });
    Ok((items, next))
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<InterviewRecord> {
    Ok(InterviewRecord {
        seq: row.get(0)?,
        interview: Interview {
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
        },
        created_at: row.get(15)?,
        updated_at: row.get(16)?,
    })
}
