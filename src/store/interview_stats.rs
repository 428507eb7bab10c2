//! Counting interviews (contract, sections 6.2 and 6.4).

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::interview_counts::{EVERY, slots};
use super::interviews::{COLUMNS, kept};
use super::{StoreError, sum};
use crate::interview::{Interview, InterviewStatus};
use crate::slot::{self, Term};
use crate::timestamp::Timestamp;

/// Which interviews are counted.
#[derive(Clone, Debug)]
pub struct Range {
    /// Those that take place at this moment or later.
    pub from: Timestamp,
    /// And at this moment or earlier; none: coming ones too, however far ahead.
    pub to: Option<Timestamp>,
    /// And at this facility only.
    pub facility: Option<String>,
    /// And of this department only.
    pub department: Option<String>,
}

/// The interviews of one type, or all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterviewCounts {
    /// All of them.
    pub total: u64,
    /// Those with status `completed`.
    pub completed: u64,
    /// Those with status `scheduled`.
    pub scheduled: u64,
    /// Those with status `cancelled`.
    pub cancelled: u64,
    /// Those with status `no_show`.
    pub no_show: u64,
    /// Those with status `rescheduled`.
    pub rescheduled: u64,
    /// Those with an id at VoiceDrive.
    pub synced: u64,
    /// Completed ones whose duration is known.
    pub timed: u64,
    /// Minutes that those took, all together.
    pub minutes: u64,
}

impl InterviewCounts {
    /// Adds numbers in the order of the fields without the total; those of what is taken away are
    /// negative.
    fn add(&mut self, numbers: [i64; 8]) {
        let fields = [
            &mut self.completed,
            &mut self.scheduled,
            &mut self.cancelled,
            &mut self.no_show,
            &mut self.rescheduled,
            &mut self.synced,
            &mut self.timed,
            &mut self.minutes,
        ];
        sum::add(fields, numbers);
        self.total =
            self.completed + self.scheduled + self.cancelled + self.no_show + self.rescheduled;
    }

    /// The mean duration in units of `1 / parts` minutes, rounded half up; 0 when none is known.
    #[must_use]
    pub fn mean_minutes(&self, parts: u64) -> u64 {
        (self.minutes * parts * 2 + self.timed)
            .checked_div(self.timed * 2)
            .unwrap_or(0)
    }
}

/// One consistent picture of the interviews of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterviewStats {
    /// All types together.
    pub total: InterviewCounts,
    /// Each type.
    pub by_type: BTreeMap<String, InterviewCounts>,
}

/// An interview that stands in the place of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescheduled {
    /// Its id.
    pub id: String,
    /// The other one's.
    pub origin: String,
    /// When it takes place.
    pub date: Timestamp,
}

/// Counts the interviews of a range.
///
/// # Errors
/// When the database cannot be read.
pub fn count(connection: &Connection, range: &Range) -> Result<InterviewStats, StoreError> {
    let mut stats = InterviewStats::default();
    let no_id = |id: &Option<String>| id.as_deref() == Some(EVERY);
    if no_id(&range.facility) || no_id(&range.department) {
        return Ok(stats);
    }
    let last = Timestamp::from_unix_ms(i64::MAX);
    let units = slots(
        range.facility.as_deref().unwrap_or(EVERY),
        range.department.as_deref().unwrap_or(EVERY),
    );
    for term in slot::terms(range.from, range.to.unwrap_or(last), units) {
        add_term(connection, term, range, &mut stats)?;
    }
    stats.by_type.retain(|_, counts| counts.total > 0);
    Ok(stats)
}

/// Whole months, days and hours are taken from what was counted when the records came; the records themselves
/// are looked at only where the range begins and ends inside the shortest of them.
fn add_term(
    connection: &Connection,
    Term { piece, sign }: Term,
    range: &Range,
    stats: &mut InterviewStats,
) -> rusqlite::Result<()> {
    let (sql, from, to) = match piece.unit {
        Some(unit) => (
            "SELECT interview_type, sum(completed), sum(scheduled), sum(cancelled), sum(no_show),
                    sum(rescheduled), sum(synced), sum(timed), sum(minutes)
               FROM interview_counts
              WHERE facility = coalesce(?3, '') AND department = coalesce(?4, '')
                AND slot BETWEEN ?1 AND ?2
              GROUP BY interview_type",
            unit.name_of(piece.from),
            unit.name_of(piece.to),
        ),
        None => (
            "SELECT interview_type, sum(interview_status = 'completed'),
                    sum(interview_status = 'scheduled'), sum(interview_status = 'cancelled'),
                    sum(interview_status = 'no_show'), sum(interview_status = 'rescheduled'),
                    count(voicedrive_sync_id),
                    sum(interview_status = 'completed' AND duration_minutes IS NOT NULL),
                    sum(iif(interview_status = 'completed', coalesce(duration_minutes, 0), 0))
               FROM interviews
              WHERE interview_date BETWEEN ?1 AND ?2
                AND (?3 IS NULL OR facility_id = ?3) AND (?4 IS NULL OR department_id = ?4)
              GROUP BY interview_type",
            piece.from.to_string(),
            piece.to.to_string(),
        ),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((from, to, &range.facility, &range.department))?;
    while let Some(row) = rows.next()? {
        let numbers = sum::numbers(row, sign)?;
        stats.total.add(numbers);
        stats.by_type.entry(row.get(0)?).or_default().add(numbers);
    }
    Ok(())
}

/// The interviews of a range that stand in the place of another one, the latest date first, at
/// most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub fn rescheduled(
    connection: &Connection,
    range: &Range,
    limit: u32,
) -> Result<Vec<Rescheduled>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT id, rescheduled_from_id, interview_date FROM interviews
              WHERE rescheduled_from_id IS NOT NULL
                AND interview_date >= ?1 AND interview_date <= coalesce(?2, '9999')
                AND (?3 IS NULL OR facility_id = ?3) AND (?4 IS NULL OR department_id = ?4)
              ORDER BY interview_date DESC, seq DESC LIMIT ?5",
        )?
        .query_map(
            (
                range.from,
                range.to,
                &range.facility,
                &range.department,
                limit,
            ),
            |row| {
                Ok(Rescheduled {
                    id: row.get(0)?,
                    origin: row.get(1)?,
                    date: row.get(2)?,
                })
            },
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// In which order interviews are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Those whose date comes first.
    EarliestFirst,
    /// Those whose date comes last.
    LatestFirst,
}

/// The interviews of a range that have one of `statuses`, at most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub fn named(
    connection: &Connection,
    range: &Range,
    statuses: &[InterviewStatus],
    order: Order,
    limit: u32,
) -> Result<Vec<Interview>, StoreError> {
    let direction = match order {
        Order::EarliestFirst => "ASC",
        Order::LatestFirst => "DESC",
    };
    // One status after the other, because only then the index has them in order.
    let mut found = Vec::new();
    for status in statuses {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM interviews
              WHERE interview_date >= ?1 AND interview_date <= coalesce(?2, '9999')
                AND interview_status = ?4
              ORDER BY interview_date {direction}, seq {direction} LIMIT ?3"
        ))?;
        let rows = statement.query_map((range.from, range.to, limit, status.as_str()), kept)?;
        for row in rows {
            found.push(row?);
        }
    }
    found.sort_by_key(|kept| (kept.interview.date, kept.seq));
    if order == Order::LatestFirst {
        found.reverse();
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|kept| kept.interview).collect())
}

#[cfg(test)]
mod tests;
