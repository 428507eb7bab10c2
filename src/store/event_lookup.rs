//! Reading events: one with all of its attempts, lists in pages, and recent changes.

use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::connection::{one_more, word};
use super::event_query::{FROM_EVENTS, Source, matching};
use super::relay_time::Now;
use super::{Store, StoreError};
use crate::attempt::{AttemptRecord, Outcome};
use crate::cause::Cause;
use crate::clock::Moment;
use crate::event::Status;
use crate::event_record::{
    ChangePosition, EventChange, EventDetail, EventFilter, EventPage, EventSummary,
};

impl Store {
    /// The events that `filter` matches and that were accepted before the event at `before`, newest
    /// first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn events(
        &self,
        filter: EventFilter,
        before: Option<i64>,
        limit: usize,
        moment: Moment,
    ) -> Result<EventPage, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| list(connection, &filter, before, limit, now))
            .await
    }

    /// How many events `filter` matches; counting stops at `most`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_events(&self, filter: EventFilter, most: usize) -> Result<u64, StoreError> {
        self.read(move |connection| count(connection, &filter, most))
            .await
    }

    /// Why the last attempts of the events that `filter` matches have failed, the most frequent cause first; only so many
    /// events are looked at.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn failure_causes(
        &self,
        filter: EventFilter,
        most: usize,
    ) -> Result<Vec<(Option<Cause>, u64)>, StoreError> {
        self.read(move |connection| causes(connection, &filter, most))
            .await
    }

    /// The names of all events that are kept, each once, with the route of the newest.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn event_types(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(event_types).await
    }

    /// The event with this id and all of its attempts; none when there is no such event, or it was purged.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn event(&self, id: &str, moment: Moment) -> Result<Option<EventDetail>, StoreError> {
        let (id, now) = (id.to_owned(), self.time.now(moment));
        self.read(move |connection| find(connection, &id, now))
            .await
    }

    /// The position from which only later changes are read.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_change(&self) -> Result<ChangePosition, StoreError> {
        self.read(newest).await
    }

    /// What happened after `position`, in the order in which it happened, at most `limit` of each
    /// kind, and how far that is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changes_since(
        &self,
        position: ChangePosition,
        limit: u32,
        moment: Moment,
    ) -> Result<(Vec<EventChange>, ChangePosition), StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| changes(connection, position, limit, now))
            .await
    }
}

/// From each name the index leads to the next one, so few rows are read though there are many events.
fn event_types(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let names = connection
        .prepare_cached(
            "WITH RECURSIVE names (name) AS (
               SELECT min(event_type) FROM events
               UNION ALL
               SELECT (SELECT min(event_type) FROM events WHERE event_type > name)
                 FROM names WHERE name IS NOT NULL)
             SELECT name, (SELECT route FROM events WHERE event_type = name ORDER BY seq DESC LIMIT 1)
               FROM names WHERE name IS NOT NULL",
        )?
        .query_map([], |row| row.try_into())?
        .collect::<rusqlite::Result<_>>()?;
    Ok(names)
}

/// An event without a row in the outbox is finished; the retry queue says how if it failed.
macro_rules! status {
    () => {
        "CASE WHEN o.event_seq IS NULL AND (q.status = 'failed' OR l.id IS NULL) THEN
                iif(EXISTS (SELECT 1 FROM dismissed_deliveries n WHERE n.event_seq = e.seq),
                    'dismissed', 'exhausted')
              WHEN o.event_seq IS NULL THEN 'delivered'
              WHEN l.id IS NULL THEN 'accepted'
              ELSE 'retrying' END"
    };
}
/// The status of an event.
pub(super) const STATUS: &str = status!();

/// Why the last attempt did not succeed.
macro_rules! last_cause {
    () => {
        "(SELECT a.cause FROM attempts a WHERE a.event_seq = e.seq ORDER BY a.attempt DESC LIMIT 1)"
    };
}

pub(super) const SUMMARY_COLUMNS: &str = concat!(
    "
    e.seq, e.id, e.event_type, e.staff_id, e.event_timestamp, e.accepted_at, ",
    status!(),
    ",
    e.route, l.payload_size, coalesce(l.retry_count, 0),
    CASE WHEN l.id IS NOT NULL THEN o.due_ms END,
    CASE WHEN o.event_seq IS NOT NULL AND o.due_ms IS NULL THEN
      (SELECT ahead.id FROM events ahead WHERE ahead.seq = coalesce(
        (SELECT min(a.event_seq) FROM outbox a
          WHERE a.staff_id = o.staff_id AND a.route = o.route AND a.place = 2),
        (SELECT min(a.event_seq) FROM outbox a
          WHERE a.staff_id = o.staff_id AND a.route = o.route AND a.place = 1))) END, ",
    last_cause!()
);
pub(super) const SUMMARY_COLUMN_COUNT: usize = 13;

pub(super) fn list(
    connection: &Connection,
    filter: &EventFilter,
    before: Option<i64>,
    limit: usize,
    now: Now,
) -> Result<EventPage, StoreError> {
    let mut query = matching(connection, filter, SUMMARY_COLUMNS)?;
    let order = query.source.order();
    if let Some(before) = before {
        if query.source == Source::Failed {
            query.narrow("q.id < (SELECT id FROM events WHERE seq = ?)", before);
        } else {
            query.narrow(&format!("{order} < ?"), before);
        }
    }
    query.values.push(one_more(limit).into());
    let sql = format!("{} ORDER BY {order} DESC LIMIT ?", query.sql);
    let mut items = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(query.values), |row| summary(row, now))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.seq);
    Ok(EventPage { items, next })
}

pub(super) fn count(
    connection: &Connection,
    filter: &EventFilter,
    most: usize,
) -> Result<u64, StoreError> {
    let mut query = matching(connection, filter, "1")?;
    let order = query.source.order();
    query
        .values
        .push(i64::try_from(most).unwrap_or(i64::MAX).into());
    let sql = format!(
        "SELECT count(*) FROM ({} ORDER BY {order} DESC LIMIT ?)",
        query.sql
    );
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(params_from_iter(query.values), |row| row.get(0))?)
}

fn causes(
    connection: &Connection,
    filter: &EventFilter,
    most: usize,
) -> Result<Vec<(Option<Cause>, u64)>, StoreError> {
    let mut query = matching(connection, filter, last_cause!())?;
    let order = query.source.order();
    query
        .values
        .push(i64::try_from(most).unwrap_or(i64::MAX).into());
    let sql = format!("{} ORDER BY {order} DESC LIMIT ?", query.sql);
    let mut counted: Vec<(Option<Cause>, u64)> = Vec::new();
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(query.values))?;
    while let Some(row) = rows.next()? {
        let cause: Option<String> = row.get(0)?;
        let cause = cause.as_deref().and_then(Cause::from_word);
        match counted.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, number)) => *number += 1,
            None => counted.push((cause, 1)),
        }
    }
    counted.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    Ok(counted)
}

pub(super) fn find(
    connection: &Connection,
    id: &str,
    now: Now,
) -> Result<Option<EventDetail>, StoreError> {
    let repeats = "coalesce((SELECT repeats FROM event_repeats WHERE event_seq = e.seq), 0)";
    let arrived = "EXISTS (SELECT 1 FROM arrived_deliveries d WHERE d.event_seq = e.seq)";
    let sql = format!(
        "SELECT {SUMMARY_COLUMNS}, e.data, {repeats}, {arrived} {FROM_EVENTS} WHERE e.id = ?1"
    );
    let found = connection
        .prepare_cached(&sql)?
        .query_row([id], |row| {
            let data = row.get(SUMMARY_COLUMN_COUNT)?;
            let repeats = row.get(SUMMARY_COLUMN_COUNT + 1)?;
            let is_noted: bool = row.get(SUMMARY_COLUMN_COUNT + 2)?;
            Ok((summary(row, now)?, data, repeats, is_noted))
        })
        .optional()?;
    let Some((summary, data, repeats, is_noted)) = found else {
        return Ok(None);
    };
    let attempts = connection
        .prepare_cached(&format!(
            "SELECT {ATTEMPT_COLUMNS} FROM attempts a WHERE a.event_seq = ?1 ORDER BY a.attempt"
        ))?
        .query_map([summary.seq], |row| attempt(row, 0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let succeeded = |one: &AttemptRecord| one.outcome == Outcome::Success;
    let is_explained = attempts.last().is_some_and(succeeded);
    Ok(Some(EventDetail {
        has_arrived: is_noted && summary.status == Status::Delivered && !is_explained,
        summary,
        data,
        repeats,
        attempts,
    }))
}

fn newest(connection: &Connection) -> Result<ChangePosition, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT (SELECT coalesce(max(seq), 0) FROM events),
                    (SELECT coalesce(max(seq), 0) FROM attempts)",
        )?
        .query_row([], |row| {
            Ok(ChangePosition {
                event: row.get(0)?,
                attempt: row.get(1)?,
            })
        })?)
}

fn changes(
    connection: &Connection,
    position: ChangePosition,
    limit: u32,
    now: Now,
) -> Result<(Vec<EventChange>, ChangePosition), StoreError> {
    let mut reached = position;
    let mut changes = Vec::new();
    let sql =
        format!("SELECT {SUMMARY_COLUMNS} {FROM_EVENTS} WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    for event in statement.query_map((position.event, limit), |row| summary(row, now))? {
        let event = event?;
        reached.event = event.seq;
        changes.push(EventChange {
            at: event.accepted_at,
            event,
            attempt: None,
        });
    }
    let sql = format!(
        "SELECT {SUMMARY_COLUMNS}, {ATTEMPT_COLUMNS}, a.seq
           FROM attempts a CROSS JOIN events e ON e.seq = a.event_seq
           LEFT JOIN outbox o ON o.event_seq = e.seq
           LEFT JOIN webhook_send_logs l ON l.id = e.id
           LEFT JOIN webhook_retry_queue q ON q.id = e.id
          WHERE a.seq > ?1 ORDER BY a.seq LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let ended = statement.query_map((position.attempt, limit), |row| {
        let seq: i64 = row.get(SUMMARY_COLUMN_COUNT + ATTEMPT_COLUMN_COUNT)?;
        Ok((seq, summary(row, now)?, attempt(row, SUMMARY_COLUMN_COUNT)?))
    })?;
    for change in ended {
        let (seq, event, attempt) = change?;
        reached.attempt = seq;
        let took = std::time::Duration::from_millis(attempt.processing_ms);
        changes.push(EventChange {
            at: attempt.started_at.after(took),
            event,
            attempt: Some(attempt),
        });
    }
    // Both lists are in order already; the sort keeps that order where the moments are equal.
    changes.sort_by_key(|change| change.at);
    Ok((changes, reached))
}

const ATTEMPT_COLUMNS: &str = "a.attempt, a.started_at, a.outcome, a.http_status_code,
    a.processing_time, a.error_message, a.response_body, a.cause";
const ATTEMPT_COLUMN_COUNT: usize = 8;

pub(super) fn summary(row: &Row<'_>, now: Now) -> rusqlite::Result<EventSummary> {
    let due_ms: Option<i64> = row.get(10)?;
    let cause: Option<String> = row.get(12)?;
    Ok(EventSummary {
        seq: row.get(0)?,
        id: row.get(1)?,
        event_type: row.get(2)?,
        staff_id: row.get(3)?,
        event_timestamp: row.get(4)?,
        accepted_at: row.get(5)?,
        status: word(6, row.get(6)?, Status::from_word)?,
        route: row.get(7)?,
        payload_size: row.get(8)?,
        retry_count: row.get(9)?,
        next_retry_at: due_ms.map(|due_ms| now.wall_of(due_ms)),
        waits_for: row.get(11)?,
        last_cause: cause.as_deref().and_then(Cause::from_word),
    })
}

fn attempt(row: &Row<'_>, first: usize) -> rusqlite::Result<AttemptRecord> {
    let cause: Option<String> = row.get(first + 7)?;
    Ok(AttemptRecord {
        attempt: row.get(first)?,
        started_at: row.get(first + 1)?,
        outcome: word(first + 2, row.get(first + 2)?, Outcome::from_word)?,
        http_status: row.get(first + 3)?,
        processing_ms: row.get(first + 4)?,
        error: row.get(first + 5)?,
        response_body: row.get(first + 6)?,
        cause: cause.as_deref().and_then(Cause::from_word),
    })
}

#[cfg(test)]
mod tests;
