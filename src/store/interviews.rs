//! Keeping interview records.

use rusqlite::types::ToSql;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use super::StoreError;
use super::interview_counts::Changes;
use crate::interview::{Interview, InterviewStatus};
use crate::timestamp::Timestamp;

/// Why a record contradicts what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another record has this `voicedriveSyncId`.
    SyncIdTaken,
    /// No record has the id that `rescheduledFromId` names.
    OriginUnknown,
    /// The chain of `rescheduledFromId` would come back to where it began.
    OriginLoops,
}

/// Why nothing of a batch was kept.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// A record contradicts what is kept.
    #[error("record {index} was refused")]
    Refused {
        /// Which record of the batch, from 0.
        index: usize,
        /// Why.
        why: Refusal,
    },
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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

/// What a put did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// There was no such record.
    Created,
    /// There was one, and it was replaced.
    Replaced,
}

/// A record with what the store adds to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptInterview {
    /// Its place in the order of first arrival.
    pub seq: i64,
    /// The record.
    pub interview: Interview,
    /// When it first came.
    pub created_at: Timestamp,
    /// When it last came.
    pub updated_at: Timestamp,
}

/// Which records are meant; what is absent matches everything.
#[derive(Clone, Debug, Default)]
pub struct InterviewFilter {
    /// Only those that take place at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those that take place at this moment or earlier.
    pub to: Option<Timestamp>,
    /// Only those with this status.
    pub status: Option<InterviewStatus>,
    /// Only those of this facility.
    pub facility: Option<String>,
    /// Only those of this department.
    pub department: Option<String>,
}

/// Where a page begins: after the record with this date and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// When that record takes place.
    pub date: Timestamp,
    /// Its place in the order of first arrival.
    pub seq: i64,
}

/// Keeps all `interviews`, or none of them, in the order given; each may name an earlier one.
///
/// # Errors
/// `PutError`; the caller's transaction must then be undone.
pub fn put(
    connection: &Connection,
    interviews: &[Interview],
    now: Timestamp,
) -> Result<Vec<Put>, PutError> {
    let mut counts = Changes::default();
    let mut done = Vec::with_capacity(interviews.len());
    for (index, interview) in interviews.iter().enumerate() {
        let put = put_one(connection, interview, now, &mut counts)?;
        done.push(put.map_err(|why| PutError::Refused { index, why })?);
    }
    counts.keep(connection).map_err(StoreError::from)?;
    Ok(done)
}

/// What became of the rows of a file.
#[derive(Debug, Default)]
pub struct PutRows {
    /// Records that are new.
    pub created: u64,
    /// Records that replaced an earlier one.
    pub replaced: u64,
    /// The lines of those that contradict another one or what is kept, and why.
    pub refused: Vec<(u64, Refusal)>,
}

/// Keeps records of any number, each with the line of its file. All or none is for the caller to
/// decide, who undoes the transaction when one was refused.
///
/// # Errors
/// The store's, or what `rows` answers.
pub fn put_rows(
    connection: &Connection,
    rows: impl Iterator<Item = Result<(u64, Interview), StoreError>>,
    now: Timestamp,
) -> Result<PutRows, StoreError> {
    let mut counts = Changes::default();
    let mut done = PutRows::default();
    for row in rows {
        let (line, interview) = row?;
        match put_one(connection, &interview, now, &mut counts)? {
            Ok(Put::Created) => done.created += 1,
            Ok(Put::Replaced) => done.replaced += 1,
            Err(why) => done.refused.push((line, why)),
        }
        counts.keep_many(connection)?;
    }
    counts.keep(connection)?;
    Ok(done)
}

/// Keeps one record, or says why it contradicts what is kept; nothing was changed then.
fn put_one(
    connection: &Connection,
    interview: &Interview,
    now: Timestamp,
    counts: &mut Changes,
) -> Result<Result<Put, Refusal>, StoreError> {
    if let Some(origin) = &interview.rescheduled_from_id {
        if origin == &interview.id {
            return Ok(Err(Refusal::OriginLoops));
        }
        if !exists(connection, origin)? {
            return Ok(Err(Refusal::OriginUnknown));
        }
        if chain_reaches(connection, origin, &interview.id)? {
            return Ok(Err(Refusal::OriginLoops));
        }
    }
    let earlier = find(connection, &interview.id)?;
    let (put, kept) = if earlier.is_some() {
        (Put::Replaced, replace(connection, interview, now))
    } else {
        (Put::Created, create(connection, interview, now))
    };
    match kept {
        // Everything else that a row could break was looked at before.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Ok(Err(Refusal::SyncIdTaken))
        }
        Err(error) => Err(error.into()),
        Ok(()) => {
            if let Some(earlier) = earlier {
                counts.went(&earlier.interview);
            }
            counts.came(interview);
            Ok(Ok(put))
        }
    }
}

fn exists(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM interviews WHERE id = ?1")?
        .exists([id])
}

/// Whether the chain of origins that begins at `from` comes to `id`.
fn chain_reaches(connection: &Connection, from: &str, id: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "WITH RECURSIVE chain (id) AS (
                 VALUES (?1)
                 UNION
                 SELECT i.rescheduled_from_id FROM interviews i JOIN chain c ON i.id = c.id
                  WHERE i.rescheduled_from_id IS NOT NULL)
             SELECT 1 FROM chain WHERE id = ?2",
        )?
        .exists([from, id])
}

// Two statements instead of one upsert: for an upsert SQLite journals every page that it touches
// for itself, and a long import writes a hundred times what it keeps.

fn create(connection: &Connection, interview: &Interview, now: Timestamp) -> rusqlite::Result<()> {
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

fn replace(connection: &Connection, interview: &Interview, now: Timestamp) -> rusqlite::Result<()> {
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

/// The record with this id.
///
/// # Errors
/// When the database cannot be read.
pub fn find(connection: &Connection, id: &str) -> Result<Option<KeptInterview>, StoreError> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM interviews WHERE id = ?1"))?
        .query_row([id], kept)
        .optional()?)
}

/// Deletes the record with this id, and says whether there was one.
///
/// # Errors
/// `StillNamed` when another record was rescheduled from it.
pub fn delete(connection: &Connection, id: &str) -> Result<bool, DeleteError> {
    let Some(earlier) = find(connection, id).map_err(DeleteError::Store)? else {
        return Ok(false);
    };
    let deleted = connection
        .prepare_cached("DELETE FROM interviews WHERE id = ?1")?
        .execute([id]);
    match deleted {
        Ok(_) => {
            let mut counts = Changes::default();
            counts.went(&earlier.interview);
            counts.keep(connection)?;
            Ok(true)
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(DeleteError::StillNamed)
        }
        Err(error) => Err(error.into()),
    }
}

/// The records that `filter` matches, the latest date first, at most `limit` of them after
/// `after`, and where the next page begins.
///
/// # Errors
/// When the database cannot be read.
pub fn list(
    connection: &Connection,
    filter: &InterviewFilter,
    after: Option<After>,
    limit: usize,
) -> Result<(Vec<KeptInterview>, Option<After>), StoreError> {
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
    if let Some(After { date, seq }) = &after {
        values.extend([date as &dyn ToSql, seq]);
        sql.push_str(" AND (interview_date, seq) < (?, ?)");
    }
    // One more than asked for says whether there is another page.
    let asked = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    values.push(&asked);
    sql.push_str(" ORDER BY interview_date DESC, seq DESC LIMIT ?");
    let mut items = connection
        .prepare_cached(&sql)?
        .query_map(values.as_slice(), kept)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| After {
        date: last.interview.date,
        seq: last.seq,
    });
    Ok((items, next))
}

pub(super) fn kept(row: &Row<'_>) -> rusqlite::Result<KeptInterview> {
    let status: String = row.get(7)?;
    Ok(KeptInterview {
        seq: row.get(0)?,
        interview: Interview {
            id: row.get(1)?,
            employee_id: row.get(2)?,
            employee_name: row.get(3)?,
            interviewer_id: row.get(4)?,
            interview_type: row.get(5)?,
            date: row.get(6)?,
            // A check of the table allows no other word.
            status: InterviewStatus::from_word(&status).unwrap_or(InterviewStatus::Scheduled),
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
