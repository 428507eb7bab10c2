//! Everything that is kept, in pages (contract, section 8). Each page is a read transaction of its own, so that a long
//! export never holds up the write-ahead log.

use rusqlite::{Connection, Row, params_from_iter};

use super::connection::one_more;
use super::event_lookup::{SUMMARY_COLUMN_COUNT, SUMMARY_COLUMNS, summary};
use super::event_query::{Source, matching};
use super::interview_row::{COLUMNS, record};
use super::relay_time::Now;
use super::{Store, StoreError};
use crate::cause::Cause;
use crate::clock::Moment;
use crate::event_record::EventFilter;
use crate::export::{DeliveryRow, ExportCursor, ExportPage};
use crate::interview::InterviewRecord;

impl Store {
    /// The next deliveries that `filter` matches, the oldest first, at most `limit`: those behind `after`, up to `end`,
    /// which both come from the page before. Of the first page there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn export_deliveries(
        &self,
        filter: EventFilter,
        after: Option<ExportCursor>,
        end: Option<i64>,
        limit: usize,
        moment: Moment,
    ) -> Result<ExportPage<DeliveryRow>, StoreError> {
        let now = self.time.now(moment);
        self.read_long(move |connection| {
            deliveries(connection, &filter, after.as_ref(), end, limit, now)
        })
        .await
    }

    /// The next interview records, in the order in which they came first, as [`Store::export_deliveries`] has deliveries.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn export_interviews(
        &self,
        after: Option<ExportCursor>,
        end: Option<i64>,
        limit: usize,
    ) -> Result<ExportPage<InterviewRecord>, StoreError> {
        self.read_long(move |connection| interviews(connection, after.as_ref(), end, limit))
            .await
    }
}

/// What stands behind the columns of a summary.
const DELIVERY_COLUMNS: &str = "
    l.sent_at, coalesce(l.last_retry_at, l.sent_at), l.http_status_code, l.processing_time, l.error_message,
    (SELECT cause FROM attempts WHERE event_seq = e.seq ORDER BY attempt DESC LIMIT 1)";

pub(super) fn deliveries(
    connection: &Connection,
    filter: &EventFilter,
    after: Option<&ExportCursor>,
    end: Option<i64>,
    limit: usize,
    now: Now,
) -> Result<ExportPage<DeliveryRow>, StoreError> {
    let end = end_of(connection, "SELECT coalesce(max(seq), 0) FROM events", end)?;
    let columns = format!("{SUMMARY_COLUMNS}, {DELIVERY_COLUMNS}");
    let mut query = matching(connection, filter, &columns)?;
    query.narrow("e.seq <= ?", end);
    let order = query.source.order();
    if let Some(after) = after {
        let condition = format!("{order} > ?");
        if query.source == Source::Failed {
            query.narrow(&condition, after.id.clone());
        } else {
            query.narrow(&condition, after.seq);
        }
    }
    query.values.push(one_more(limit).into());
    let rows = connection
        .prepare_cached(&format!("{} ORDER BY {order} LIMIT ?", query.sql))?
        .query_map(params_from_iter(query.values), |row| delivery(row, now))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(page(rows, limit, end, |row: &DeliveryRow| ExportCursor {
        seq: row.event.seq,
        id: row.event.id.clone(),
    }))
}

fn delivery(row: &Row<'_>, now: Now) -> rusqlite::Result<DeliveryRow> {
    let first = SUMMARY_COLUMN_COUNT;
    let cause: Option<String> = row.get(first + 5)?;
    Ok(DeliveryRow {
        event: summary(row, now)?,
        first_sent_at: row.get(first)?,
        last_attempt_at: row.get(first + 1)?,
        http_status: row.get(first + 2)?,
        processing_ms: row.get(first + 3)?,
        error: row.get(first + 4)?,
        cause: cause.as_deref().and_then(Cause::from_word),
    })
}

fn interviews(
    connection: &Connection,
    after: Option<&ExportCursor>,
    end: Option<i64>,
    limit: usize,
) -> Result<ExportPage<InterviewRecord>, StoreError> {
    let end = end_of(
        connection,
        "SELECT coalesce(max(seq), 0) FROM interviews",
        end,
    )?;
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM interviews WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3"
        ))?
        .query_map(
            (after.map_or(0, |after| after.seq), end, one_more(limit)),
            record,
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(page(rows, limit, end, |row: &InterviewRecord| {
        ExportCursor {
            seq: row.seq,
            id: row.interview.id.clone(),
        }
    }))
}

/// The last place; it is looked up for the first page only.
fn end_of(connection: &Connection, sql: &str, known: Option<i64>) -> rusqlite::Result<i64> {
    match known {
        Some(end) => Ok(end),
        None => connection
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0)),
    }
}

/// One row more than asked for says that there is another page.
fn page<T>(
    mut rows: Vec<T>,
    limit: usize,
    end: i64,
    cursor_of: impl Fn(&T) -> ExportCursor,
) -> ExportPage<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor_of);
    ExportPage { rows, next, end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Outcome;
    use crate::event::Status;
    use crate::store::event_lookup::list;
    use crate::store::events::accept;
    use crate::store::tests::{at, attempted, database, due_now, policy, settle, submission, when};

    fn all_pages(
        connection: &Connection,
        filter: &EventFilter,
        mut between: impl FnMut(),
    ) -> Vec<DeliveryRow> {
        let (mut rows, mut after, mut end) = (Vec::new(), None, None);
        loop {
            let page = deliveries(connection, filter, after.as_ref(), end, 3, when(0)).unwrap();
            assert!(page.rows.len() <= 3);
            rows.extend(page.rows);
            end = Some(page.end);
            between();
            match page.next {
                Some(next) => after = Some(next),
                None => return rows,
            }
        }
    }

    #[test]
    fn every_delivery_that_was_there_is_exported_once_and_none_that_came_later() {
        let (_directory, connection) = database();
        for _ in 0..11 {
            accept(&connection, &[submission("a.b", None)], when(0)).unwrap();
        }
        for (number, due) in due_now(&connection, when(0)).iter().enumerate() {
            let outcome = [Outcome::Success, Outcome::Failed][number % 2];
            settle(&connection, due, &attempted(outcome, at(5), 7), &policy()).unwrap();
        }
        let statuses = [None, Some(Status::Retrying), Some(Status::Delivered)];
        for status in statuses {
            let filter = EventFilter {
                status,
                ..EventFilter::default()
            };
            let listed = list(&connection, &filter, None, 100, when(0))
                .unwrap()
                .items;
            let rows = all_pages(&connection, &filter, || {
                accept(&connection, &[submission("later", None)], when(1)).unwrap();
            });
            let events: Vec<_> = rows.iter().rev().map(|row| row.event.clone()).collect();
            assert_eq!(events, listed);
            for row in rows {
                let failed = row.event.status == Status::Retrying;
                let sent = row.event.status != Status::Accepted;
                assert_eq!(row.first_sent_at, sent.then(|| at(5)));
                assert_eq!(row.last_attempt_at, row.first_sent_at);
                assert_eq!(row.processing_ms, sent.then_some(7));
                assert_eq!(row.cause, failed.then_some(Cause::PartnerError));
                assert_eq!(row.error.is_some(), failed);
                assert_eq!(
                    row.http_status,
                    sent.then_some(if failed { 503 } else { 200 })
                );
            }
        }
    }

    #[test]
    fn what_is_exhausted_is_exported_though_its_last_row_is_gone_meanwhile() {
        let (_directory, connection) = database();
        for _ in 0..7 {
            accept(&connection, &[submission("a.b", None)], when(0)).unwrap();
        }
        let last = crate::retry::RetryPolicy::new(Vec::new());
        for due in due_now(&connection, when(0)) {
            settle(
                &connection,
                &due,
                &attempted(Outcome::Failed, at(0), 5),
                &last,
            )
            .unwrap();
        }
        let filter = EventFilter {
            status: Some(Status::Exhausted),
            ..EventFilter::default()
        };
        let first = deliveries(&connection, &filter, None, None, 3, when(0)).unwrap();
        crate::store::milestones::leave(&connection, when(0)).unwrap();
        crate::store::tests::purge_old(&connection, std::time::Duration::from_secs(1), when(1_000));
        let again = deliveries(
            &connection,
            &filter,
            first.next.as_ref(),
            Some(first.end),
            3,
            when(0),
        );
        assert_eq!(first.rows.len(), 3);
        assert_eq!(again.unwrap().rows, []);
    }
}
