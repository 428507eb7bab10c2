//! Counting sends (contract, section 6.1).

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::Connection;

use super::{StoreError, sum};
use crate::attempt::Outcome;
use crate::slot::{self, Piece, Term, Unit};
use crate::timestamp::Timestamp;

/// The slots in which sends are counted.
const SLOTS: [Unit; 2] = [Unit::Hour, Unit::Minute];

/// The deliveries of one event type whose first send lies in the period, by their state now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeCounts {
    /// All of them.
    pub sent: u64,
    /// Those whose last attempt was a success.
    pub succeeded: u64,
    /// Those whose last attempt failed, without the timeouts.
    pub failed: u64,
    /// Those whose last attempt timed out.
    pub timeout: u64,
    /// Those with at least one retry.
    pub retried: u64,
    /// Milliseconds that the last attempts of the successful took, all together.
    pub successful_ms: u64,
}

impl TypeCounts {
    /// Adds numbers in the order of the fields; those of what is taken away are negative.
    fn add(&mut self, numbers: [i64; 6]) {
        let fields = [
            &mut self.sent,
            &mut self.succeeded,
            &mut self.failed,
            &mut self.timeout,
            &mut self.retried,
            &mut self.successful_ms,
        ];
        sum::add(fields, numbers);
    }

    /// The mean of the successful in milliseconds, rounded half up; 0 when there is none.
    #[must_use]
    pub fn mean_successful_ms(&self) -> u64 {
        (self.successful_ms * 2 + self.succeeded)
            .checked_div(self.succeeded * 2)
            .unwrap_or(0)
    }
}

/// The rows of the retry queue by their status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// A retry is scheduled.
    pub pending: u64,
    /// A retry is under way.
    pub processing: u64,
    /// The partner has it after all.
    pub completed: u64,
    /// Exhausted.
    pub failed: u64,
}

/// One consistent picture of the sends of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendStats {
    /// All types together.
    pub total: TypeCounts,
    /// Each type that was sent in the period.
    pub by_type: BTreeMap<String, TypeCounts>,
    /// The latest first send in the period.
    pub last_sent_at: Option<Timestamp>,
    /// The whole queue.
    pub queue: QueueCounts,
}

/// Counts the deliveries whose first send lies between `from` and `to`, both included, of
/// `event_type` only when that is given.
///
/// Whole hours and minutes are taken from what was counted when the rows changed; the rows
/// themselves are looked at only where the range begins and ends inside a minute, at most those of half of it.
///
/// # Errors
/// When the database cannot be read.
pub fn sends(
    connection: &Connection,
    from: Timestamp,
    to: Timestamp,
    event_type: Option<&str>,
) -> Result<SendStats, StoreError> {
    let mut counted = SendStats {
        queue: queue(connection)?,
        ..SendStats::default()
    };
    for term in slot::terms(from, to, &SLOTS) {
        add_term(connection, term, event_type, &mut counted)?;
    }
    counted.by_type.retain(|_, counts| counts.sent > 0);
    if counted.total.sent > 0 {
        counted.last_sent_at = last_sent(connection, from, to, event_type)?;
    }
    Ok(counted)
}

fn add_term(
    connection: &Connection,
    Term { piece, sign }: Term,
    event_type: Option<&str>,
    counted: &mut SendStats,
) -> rusqlite::Result<()> {
    let (sql, from, to) = match piece.unit {
        Some(unit) => (
            "SELECT event_type, sum(sent), sum(succeeded), sum(failed), sum(timeout), sum(retried),
                    sum(successful_ms)
               FROM send_counts
              WHERE slot BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)
              GROUP BY event_type",
            unit.name_of(piece.from),
            unit.name_of(piece.to),
        ),
        None => (
            "SELECT event_type, count(*), sum(status = 'success'), sum(status = 'failed'),
                    sum(status = 'timeout'), sum(retry_count > 0),
                    sum(iif(status = 'success', processing_time, 0))
               FROM webhook_send_logs
              WHERE sent_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)
              GROUP BY event_type",
            piece.from.to_string(),
            piece.to.to_string(),
        ),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((from, to, event_type))?;
    while let Some(row) = rows.next()? {
        let numbers = sum::numbers(row, sign)?;
        counted.total.add(numbers);
        counted.by_type.entry(row.get(0)?).or_default().add(numbers);
    }
    Ok(())
}

/// The latest first send in a period.
fn last_sent(
    connection: &Connection,
    from: Timestamp,
    to: Timestamp,
    event_type: Option<&str>,
) -> rusqlite::Result<Option<Timestamp>> {
    for piece in slot::cut(from, to, &SLOTS).into_iter().rev() {
        let last = last_sent_in(connection, piece, event_type)?;
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

/// The latest first send in a piece: in its last slot with a send, and there by the next shorter unit.
fn last_sent_in(
    connection: &Connection,
    piece: Piece,
    event_type: Option<&str>,
) -> rusqlite::Result<Option<Timestamp>> {
    let Some(unit) = piece.unit else {
        return connection
            .prepare_cached(
                "SELECT max(sent_at) FROM webhook_send_logs
                  WHERE sent_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)",
            )?
            .query_row((piece.from, piece.to, event_type), |row| row.get(0));
    };
    let last: Option<String> = connection
        .prepare_cached(
            "SELECT max(slot) FROM send_counts
              WHERE slot BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)",
        )?
        .query_row(
            (unit.name_of(piece.from), unit.name_of(piece.to), event_type),
            |row| row.get(0),
        )?;
    let slot = last.and_then(|name| unit.named(&name));
    let Some((from, to)) = slot else {
        return Ok(None);
    };
    let unit = (unit == Unit::Hour).then_some(Unit::Minute);
    last_sent_in(connection, Piece { unit, from, to }, event_type)
}

/// The whole retry queue by status.
///
/// # Errors
/// When the database cannot be read.
pub fn queue(connection: &Connection) -> Result<QueueCounts, StoreError> {
    let mut counts = QueueCounts::default();
    let mut statement = connection.prepare_cached("SELECT status, deliveries FROM queue_counts")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let status: String = row.get(0)?;
        let place = match status.as_str() {
            "pending" => &mut counts.pending,
            "processing" => &mut counts.processing,
            "completed" => &mut counts.completed,
            // The table has no other word.
            _ => &mut counts.failed,
        };
        *place = row.get(1)?;
    }
    Ok(counts)
}

/// What `status` shows of the whole store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Events that wait for their first attempt.
    pub accepted: u64,
    /// Events that wait for a retry.
    pub retrying: u64,
    /// Events that the partner has.
    pub delivered: u64,
    /// Events that wait for a person.
    pub exhausted: u64,
    /// The retry queue.
    pub queue: QueueCounts,
    /// When the next attempt of any kind is due.
    pub next_due_at: Option<Timestamp>,
    /// When the last attempt began, and how it ended.
    pub last_attempt: Option<(Timestamp, Outcome)>,
    /// Bytes of the database's file.
    pub database_bytes: u64,
}

/// When the last attempt began, and how it ended.
///
/// # Errors
/// When the database cannot be read.
pub fn last_attempt(connection: &Connection) -> Result<Option<(Timestamp, Outcome)>, StoreError> {
    let last = connection
        .prepare_cached("SELECT started_at, outcome FROM attempts ORDER BY seq DESC LIMIT 1")?
        .query_map([], |row| {
            let outcome: String = row.get(1)?;
            Ok((
                row.get(0)?,
                Outcome::from_word(&outcome).unwrap_or(Outcome::Failed),
            ))
        })?
        .next()
        .transpose()?;
    Ok(last)
}

/// The newest moment that the database knows.
///
/// # Errors
/// When the database cannot be read.
pub fn last_seen(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT max(at) FROM (
                 SELECT max(seen_at) AS at FROM heartbeat
                 UNION ALL SELECT accepted_at FROM (SELECT accepted_at FROM events ORDER BY seq DESC LIMIT 1)
                 UNION ALL SELECT started_at FROM (SELECT started_at FROM attempts ORDER BY seq DESC LIMIT 1))",
        )?
        .query_row([], |row| row.get(0))?)
}

/// Sent events of the last seven days, to the hour, and all of them: what the growth of the file is known
/// from.
///
/// # Errors
/// When the database cannot be read.
pub fn growth(connection: &Connection, now: Timestamp) -> Result<(u64, u64), StoreError> {
    let week = now.before(Duration::from_hours(24 * 7));
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(sum(iif(slot >= ?1, sent, 0)), 0), coalesce(sum(sent), 0)
               FROM send_counts WHERE slot BETWEEN 'hour ' AND 'hour ~'",
        )?
        .query_row([Unit::Hour.name_of(week)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?)
}

/// The size of the database.
///
/// # Errors
/// When the database cannot be read.
pub fn database_bytes(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        )?
        .query_row([], |row| row.get(0))?)
}

/// Counts everything, now.
///
/// # Errors
/// When the database cannot be read.
pub fn totals(connection: &Connection) -> Result<Totals, StoreError> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        connection
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))
    };
    let events = count("SELECT count(*) FROM events")?;
    let waiting = count("SELECT count(*) FROM outbox")?;
    let accepted = count(
        "SELECT count(*) FROM outbox o JOIN events e ON e.seq = o.event_seq
          WHERE NOT EXISTS (SELECT 1 FROM webhook_send_logs l WHERE l.id = e.id)",
    )?;
    let queue = queue(connection)?;
    Ok(Totals {
        accepted,
        retrying: waiting - accepted,
        exhausted: queue.failed,
        delivered: events - waiting - queue.failed,
        queue,
        next_due_at: connection
            .prepare_cached("SELECT min(due_at) FROM outbox")?
            .query_row([], |row| row.get(0))?,
        last_attempt: last_attempt(connection)?,
        database_bytes: database_bytes(connection)?,
    })
}
