//! Keeping interview records.

use rusqlite::types::ToSql;
use rusqlite::{Connection, ErrorCode};

use super::error::may_fail_with_the_store;
use super::interview_counts::Changes;
use super::interview_intake::{PutError, put};
use super::interview_row::{COLUMNS, find, record};
use super::writer::Lane;
use super::{Store, StoreError, audit, erased_records};
use crate::audit::{Action, Actor, Subject};
use crate::interview::{
    Interview, InterviewCursor, InterviewFilter, InterviewRecord, InterviewStatus, PutResult,
};
use crate::timestamp::Timestamp;

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

may_fail_with_the_store!(DeleteError);

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
        by: Actor,
        now: Timestamp,
    ) -> Result<Vec<PutResult>, PutError> {
        let turn = self.turn_of_record().await?;
        self.accept(Lane::Calls, move |connection| {
            let _held_until_committed = &turn;
            let kept = put(connection, &interviews, now)?;
            note_erased(connection, &by, kept.erased, now).map_err(StoreError::from)?;
            Ok(kept.results)
        })
        .await
    }

    /// The record with this id, also one that has another id since its person was erased; none: there is no such
    /// record.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn interview(&self, id: &str) -> Result<Option<InterviewRecord>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| {
            let id = erased_records::present_id(connection, &id)?.unwrap_or(id);
            Ok(find(connection, &id)?)
        })
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
    pub async fn delete_interview(
        &self,
        id: &str,
        by: Actor,
        now: Timestamp,
    ) -> Result<bool, DeleteError> {
        let id = id.to_owned();
        let turn = self.turn_of_record().await?;
        self.write(Lane::Calls, move |connection| {
            let _held_until_committed = &turn;
            let present = erased_records::present_id(connection, &id)?;
            let Some(deleted) = delete(connection, present.as_ref().unwrap_or(&id))? else {
                return Ok(false);
            };
            erased_records::rename_deleted(connection, &deleted.interview.id)?;
            let subject = Subject::RecordOf {
                id: deleted.interview.id,
                staff_id: deleted.interview.employee_id,
            };
            let entry = by.clone().did(Action::DeleteInterview, now).to(subject);
            audit::record(connection, &entry.counting(1))?;
            Ok(true)
        })
        .await
    }
}

/// Keeps that records of erased people came again, and were taken without names.
pub(super) fn note_erased(
    connection: &Connection,
    by: &Actor,
    count: u64,
    now: Timestamp,
) -> rusqlite::Result<()> {
    if count > 0 {
        let entry = by.clone().did(Action::HandInErased, now);
        audit::record(connection, &entry.counting(count))?;
    }
    Ok(())
}

/// The record that was deleted; none: there was none.
pub(super) fn delete(
    connection: &Connection,
    id: &str,
) -> Result<Option<InterviewRecord>, DeleteError> {
    let Some(earlier) = find(connection, id)? else {
        return Ok(None);
    };
    let deleted = connection
        .prepare_cached("DELETE FROM interviews WHERE id = ?1")?
        .execute([id]);
    match deleted {
        Ok(_) => {
            let mut counts = Changes::default();
            counts.removed(&earlier.interview);
            counts.write(connection)?;
            Ok(Some(earlier))
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
    if let Some(interview_type) = &filter.interview_type {
        narrow("interview_type = ?", interview_type);
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
