//! Events as a reader wants them: one with everything, many in pages, and what happened lately.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row};

use super::StoreError;
use crate::attempt::Outcome;
use crate::cause::Cause;
use crate::event::Status;
use crate::timestamp::Timestamp;

/// Which events are meant; what is absent matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only events with this status.
    pub status: Option<Status>,
    /// Only events with exactly this name.
    pub event_type: Option<String>,
    /// Only events about this member of the staff.
    pub staff_id: Option<String>,
    /// Only events accepted at this moment or later.
    pub since: Option<Timestamp>,
    /// Only events accepted at this moment or earlier.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Whether it matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An event with the state of its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSummary {
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// Its id, which is also the delivery's and its `X-Request-ID`.
    pub id: String,
    /// Its name.
    pub event_type: String,
    /// Whom it is about.
    pub staff_id: Option<String>,
    /// When it happened.
    pub event_timestamp: Timestamp,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// What has become of it.
    pub status: Status,
    /// The route that it takes.
    pub route: String,
    /// Bytes of the body that was sent; none before the first attempt.
    pub payload_size: Option<u64>,
    /// Attempts made beyond the first.
    pub retry_count: u32,
    /// When the next retry is due, while it is retrying.
    pub next_retry_at: Option<Timestamp>,
}

/// One attempt as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAttempt {
    /// From 1, over all rounds.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// The answer's status.
    pub http_status: Option<u16>,
    /// Milliseconds that it took.
    pub processing_ms: u64,
    /// What went wrong.
    pub error: Option<String>,
    /// Why; none for a success, and for attempts that were made before causes were kept.
    pub cause: Option<Cause>,
    /// The beginning of the answer's body.
    pub response_body: Option<String>,
}

/// An event with its payload and every attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDetail {
    /// The event and the state of its delivery.
    pub summary: EventSummary,
    /// The payload.
    pub data: String,
    /// Every attempt, the first one first.
    pub attempts: Vec<KeptAttempt>,
}

/// One page of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The events.
    pub items: Vec<EventSummary>,
    /// Where the next page begins: pass it as `before`. None when this was the last page.
    pub next: Option<i64>,
}

/// Something that happened to an event: it was accepted, or an attempt has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The event with the state of its delivery now.
    pub event: EventSummary,
    /// The attempt that has ended; none when the event was accepted.
    pub attempt: Option<KeptAttempt>,
}

/// How far a reader of changes has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The last accepted event that was read.
    pub event: i64,
    /// The last attempt that was read.
    pub attempt: i64,
}

/// An event that has a row in the outbox is still to be sent; one that has none has ended, and how
/// stands in the retry queue when it did not end well.
const SUMMARY_COLUMNS: &str = "
    e.seq, e.id, e.event_type, e.staff_id, e.event_timestamp, e.accepted_at,
    CASE WHEN o.event_seq IS NULL AND q.status = 'failed' THEN 'exhausted'
         WHEN o.event_seq IS NULL THEN 'delivered'
         WHEN l.id IS NULL THEN 'accepted'
         ELSE 'retrying' END,
    e.route, l.payload_size, coalesce(l.retry_count, 0),
    CASE WHEN l.id IS NOT NULL THEN o.due_at END";
const SUMMARY_COLUMN_COUNT: usize = 11;

const FROM_EVENTS: &str = "
    FROM events e
    LEFT JOIN outbox o ON o.event_seq = e.seq
    LEFT JOIN webhook_send_logs l ON l.id = e.id
    LEFT JOIN webhook_retry_queue q ON q.id = e.id";
/// What is still to be sent is little, and found from there.
const FROM_OUTBOX: &str = "
    FROM outbox o
    CROSS JOIN events e ON e.seq = o.event_seq
    LEFT JOIN webhook_send_logs l ON l.id = e.id
    LEFT JOIN webhook_retry_queue q ON q.id = e.id";
/// What is exhausted is little too, and found from the queue's index.
const FROM_FAILED: &str = "
    FROM webhook_retry_queue q
    CROSS JOIN events e ON e.id = q.id
    LEFT JOIN outbox o ON o.event_seq = e.seq
    LEFT JOIN webhook_send_logs l ON l.id = e.id";

/// The events that `filter` matches and that were accepted before the event at `before`, newest
/// first, at most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub fn list(
    connection: &Connection,
    filter: &Filter,
    before: Option<i64>,
    limit: usize,
) -> Result<Page, StoreError> {
    let (from, condition) = match filter.status {
        None => (FROM_EVENTS, "1"),
        Some(Status::Accepted) => (FROM_OUTBOX, "l.id IS NULL"),
        Some(Status::Retrying) => (FROM_OUTBOX, "l.id IS NOT NULL"),
        Some(Status::Exhausted) => (FROM_FAILED, "q.status = 'failed' AND o.event_seq IS NULL"),
        Some(Status::Delivered) => (
            FROM_EVENTS,
            "o.event_seq IS NULL AND (q.status IS NULL OR q.status <> 'failed')",
        ),
    };
    let mut sql = format!("SELECT {SUMMARY_COLUMNS} {from} WHERE {condition}");
    let mut values: Vec<&dyn ToSql> = Vec::new();
    let mut narrow = |condition: &str, value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(condition);
    };
    if let Some(event_type) = &filter.event_type {
        narrow("e.event_type = ?", event_type);
    }
    if let Some(staff_id) = &filter.staff_id {
        narrow("e.staff_id = ?", staff_id);
    }
    if let Some(since) = &filter.since {
        narrow("e.accepted_at >= ?", since);
    }
    if let Some(until) = &filter.until {
        narrow("e.accepted_at <= ?", until);
    }
    if let Some(before) = &before {
        narrow("e.seq < ?", before);
    }
    // One more than asked for says whether there is another page.
    let asked = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    values.push(&asked);
    sql.push_str(" ORDER BY e.seq DESC LIMIT ?");
    let mut items = connection
        .prepare_cached(&sql)?
        .query_map(values.as_slice(), summary)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.seq);
    Ok(Page { items, next })
}

/// The event with this id, with everything.
///
/// # Errors
/// When the database cannot be read.
pub fn find(connection: &Connection, id: &str) -> Result<Option<EventDetail>, StoreError> {
    let sql = format!("SELECT {SUMMARY_COLUMNS}, e.data {FROM_EVENTS} WHERE e.id = ?1");
    let found = connection
        .prepare_cached(&sql)?
        .query_row([id], |row| {
            Ok((summary(row)?, row.get(SUMMARY_COLUMN_COUNT)?))
        })
        .optional()?;
    let Some((summary, data)) = found else {
        return Ok(None);
    };
    let attempts = connection
        .prepare_cached(&format!(
            "SELECT {ATTEMPT_COLUMNS} FROM attempts a WHERE a.event_seq = ?1 ORDER BY a.attempt"
        ))?
        .query_map([summary.seq], |row| attempt(row, 0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Some(EventDetail {
        summary,
        data,
        attempts,
    }))
}

/// Where reading of changes begins for one who wants only what happens from now on.
///
/// # Errors
/// When the database cannot be read.
pub fn newest(connection: &Connection) -> Result<Position, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT (SELECT coalesce(max(seq), 0) FROM events),
                    (SELECT coalesce(max(seq), 0) FROM attempts)",
        )?
        .query_row([], |row| {
            Ok(Position {
                event: row.get(0)?,
                attempt: row.get(1)?,
            })
        })?)
}

/// What happened after `position`, in the order in which it happened, at most `limit` of each
/// kind, and how far that is.
///
/// # Errors
/// When the database cannot be read.
pub fn changes(
    connection: &Connection,
    position: Position,
    limit: u32,
) -> Result<(Vec<Change>, Position), StoreError> {
    let mut reached = position;
    let mut changes = Vec::new();
    let sql =
        format!("SELECT {SUMMARY_COLUMNS} {FROM_EVENTS} WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    for event in statement.query_map((position.event, limit), summary)? {
        let event = event?;
        reached.event = event.seq;
        changes.push(Change {
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
        Ok((seq, summary(row)?, attempt(row, SUMMARY_COLUMN_COUNT)?))
    })?;
    for change in ended {
        let (seq, event, attempt) = change?;
        reached.attempt = seq;
        let took = std::time::Duration::from_millis(attempt.processing_ms);
        changes.push(Change {
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

fn summary(row: &Row<'_>) -> rusqlite::Result<EventSummary> {
    let status: String = row.get(6)?;
    Ok(EventSummary {
        seq: row.get(0)?,
        id: row.get(1)?,
        event_type: row.get(2)?,
        staff_id: row.get(3)?,
        event_timestamp: row.get(4)?,
        accepted_at: row.get(5)?,
        // The query itself makes the word.
        status: Status::from_word(&status).unwrap_or(Status::Accepted),
        route: row.get(7)?,
        payload_size: row.get(8)?,
        retry_count: row.get(9)?,
        next_retry_at: row.get(10)?,
    })
}

fn attempt(row: &Row<'_>, first: usize) -> rusqlite::Result<KeptAttempt> {
    let outcome: String = row.get(first + 2)?;
    let cause: Option<String> = row.get(first + 7)?;
    Ok(KeptAttempt {
        attempt: row.get(first)?,
        started_at: row.get(first + 1)?,
        // A check of the table allows no other word.
        outcome: Outcome::from_word(&outcome).unwrap_or(Outcome::Failed),
        http_status: row.get(first + 3)?,
        processing_ms: row.get(first + 4)?,
        error: row.get(first + 5)?,
        response_body: row.get(first + 6)?,
        cause: cause.as_deref().and_then(Cause::from_word),
    })
}
