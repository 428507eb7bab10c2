//! Counting interviews (contract, sections 6.2 and 6.4).

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::interview_counts::{EVERY, slots};
use super::interview_row::{COLUMNS, record};
use super::{Store, StoreError};
use crate::interview::{Interview, InterviewStatus};
use crate::interview_stats::{
    InterviewChange, InterviewCounts, InterviewPlaces, InterviewRange, InterviewReport,
    InterviewStats, ReportLimits, Rescheduled,
};
use crate::slot::{self, SignedRange};

impl Store {
    /// Counts the interviews of a range, and names the latest of those that stand in the place of another one, at
    /// most `recent` of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn interview_statistics(
        &self,
        range: InterviewRange,
        recent: u32,
    ) -> Result<(InterviewStats, Vec<Rescheduled>), StoreError> {
        self.read(move |connection| {
            let counted = count(connection, &range)?;
            Ok((counted, rescheduled(connection, &range, recent)?))
        })
        .await
    }

    /// The first facilities and departments that interviews are counted for, so many of each.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn interview_places(&self, most: u32) -> Result<InterviewPlaces, StoreError> {
        self.read(move |connection| Ok(places(connection, most)?))
            .await
    }

    /// Counts the interviews of a range, and names some of them by what has become of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn interview_report(
        &self,
        range: InterviewRange,
        limits: ReportLimits,
    ) -> Result<InterviewReport, StoreError> {
        self.read(move |connection| report(connection, &range, limits))
            .await
    }
}

/// From each name the key of the counts leads to the next one.
fn places(connection: &Connection, most: u32) -> rusqlite::Result<InterviewPlaces> {
    let names = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut found = connection.prepare_cached(sql)?;
        found.query_map([most], |row| row.get(0))?.collect()
    };
    Ok(InterviewPlaces {
        facilities: names(
            "WITH RECURSIVE names (name) AS (
               SELECT min(facility) FROM interview_counts WHERE facility > ''
               UNION ALL
               SELECT (SELECT min(facility) FROM interview_counts WHERE facility > name)
                 FROM names WHERE name IS NOT NULL)
             SELECT name FROM names WHERE name IS NOT NULL LIMIT ?1",
        )?,
        departments: names(
            "WITH RECURSIVE names (name) AS (
               SELECT min(department) FROM interview_counts WHERE facility = '' AND department > ''
               UNION ALL
               SELECT (SELECT min(department) FROM interview_counts WHERE facility = '' AND department > name)
                 FROM names WHERE name IS NOT NULL)
             SELECT name FROM names WHERE name IS NOT NULL LIMIT ?1",
        )?,
    })
}

pub(super) fn report(
    connection: &Connection,
    range: &InterviewRange,
    limits: ReportLimits,
) -> Result<InterviewReport, StoreError> {
    use InterviewStatus::{Cancelled, Completed, NoShow, Scheduled};
    let named = |statuses: &[InterviewStatus], order, limit| {
        named(connection, range, statuses, order, limit)
    };
    Ok(InterviewReport {
        counted: count(connection, range)?,
        completed: named(&[Completed], Order::LatestFirst, limits.completed)?,
        pending: named(&[Scheduled], Order::EarliestFirst, limits.others)?,
        missed: named(&[NoShow, Cancelled], Order::LatestFirst, limits.others)?,
    })
}

pub(super) fn count(
    connection: &Connection,
    range: &InterviewRange,
) -> Result<InterviewStats, StoreError> {
    let no_id = |id: &Option<String>| id.as_deref() == Some(EVERY);
    if no_id(&range.facility) || no_id(&range.department) {
        return Ok(InterviewStats::default());
    }
    let units = slots(
        range.facility.as_deref().unwrap_or(EVERY),
        range.department.as_deref().unwrap_or(EVERY),
    );
    let mut by_type = BTreeMap::new();
    for term in slot::terms(range.from, range.last(), units) {
        add_term(connection, term, range, &mut by_type)?;
    }
    let mut total = InterviewChange::default();
    for sum in by_type.values() {
        total.add(sum, 1);
    }
    let by_type = by_type.into_iter().map(|(of, sum)| (of, sum.into()));
    Ok(InterviewStats {
        total: total.into(),
        by_type: by_type
            .filter(|(_, counts): &(_, InterviewCounts)| counts.total > 0)
            .collect(),
    })
}

/// Whole months, days and hours are taken from what was counted when the records came; the records themselves
/// are looked at only where the range begins and ends inside the shortest of them.
fn add_term(
    connection: &Connection,
    SignedRange { segment, sign }: SignedRange,
    range: &InterviewRange,
    by_type: &mut BTreeMap<String, InterviewChange>,
) -> rusqlite::Result<()> {
    let (sql, from, to) = match segment.unit {
        Some(unit) => (
            "SELECT interview_type, sum(completed), sum(scheduled), sum(cancelled), sum(no_show),
                    sum(rescheduled), sum(synced), sum(timed), sum(minutes)
               FROM interview_counts
              WHERE facility = coalesce(?3, '') AND department = coalesce(?4, '')
                AND slot BETWEEN ?1 AND ?2 AND (?5 IS NULL OR interview_type = ?5)
              GROUP BY interview_type",
            unit.name_of(segment.from),
            unit.name_of(segment.to),
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
                AND (?5 IS NULL OR interview_type = ?5)
              GROUP BY interview_type",
            segment.from.to_string(),
            segment.to.to_string(),
        ),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((
        from,
        to,
        &range.facility,
        &range.department,
        &range.interview_type,
    ))?;
    while let Some(row) = rows.next()? {
        let of_type = by_type.entry(row.get(0)?).or_default();
        of_type.add(&counts(row)?, sign);
    }
    Ok(())
}

fn counts(row: &Row<'_>) -> rusqlite::Result<InterviewChange> {
    Ok(InterviewChange {
        completed: row.get(1)?,
        scheduled: row.get(2)?,
        cancelled: row.get(3)?,
        no_show: row.get(4)?,
        rescheduled: row.get(5)?,
        synced: row.get(6)?,
        timed: row.get(7)?,
        minutes: row.get(8)?,
    })
}

/// The interviews of a range that stand in the place of another one, the latest date first.
pub(super) fn rescheduled(
    connection: &Connection,
    range: &InterviewRange,
    limit: u32,
) -> Result<Vec<Rescheduled>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT id, rescheduled_from_id, interview_date FROM interviews
              WHERE rescheduled_from_id IS NOT NULL
                AND interview_date BETWEEN ?1 AND ?2
                AND (?3 IS NULL OR facility_id = ?3) AND (?4 IS NULL OR department_id = ?4)
                AND (?5 IS NULL OR interview_type = ?5)
              ORDER BY interview_date DESC, seq DESC LIMIT ?6",
        )?
        .query_map(
            (
                range.from,
                range.last(),
                &range.facility,
                &range.department,
                &range.interview_type,
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
enum Order {
    /// Those whose date comes first.
    EarliestFirst,
    /// Those whose date comes last.
    LatestFirst,
}

/// The interviews of a range that have one of `statuses`, at most `limit`.
fn named(
    connection: &Connection,
    range: &InterviewRange,
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
              WHERE interview_date BETWEEN ?1 AND ?2
                AND interview_status = ?4
                AND (?5 IS NULL OR interview_type = ?5)
              ORDER BY interview_date {direction}, seq {direction} LIMIT ?3"
        ))?;
        let rows = statement.query_map(
            (
                range.from,
                range.last(),
                limit,
                status.as_str(),
                &range.interview_type,
            ),
            record,
        )?;
        for row in rows {
            found.push(row?);
        }
    }
    found.sort_by_key(|record| (record.interview.date, record.seq));
    if order == Order::LatestFirst {
        found.reverse();
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|record| record.interview).collect())
}

#[cfg(test)]
mod tests;
