//! Counting sends (contract, sections 6.1 and 6.3).

use rusqlite::{Connection, OptionalExtension, Row};

use super::connection::word;
use super::send_counts::{QueueStatus, SLOTS};
use super::{Store, StoreError};
use crate::send_stats::{QueueCounts, SendChange, SendStats};
use crate::slot::{self, Piece, Term};
use crate::timestamp::Timestamp;

impl Store {
    /// Counts the deliveries whose first send lies between `from` and `to`, both included, of
    /// `event_type` only when that is given. The queue is counted as a whole.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn send_statistics(
        &self,
        from: Timestamp,
        to: Timestamp,
        event_type: Option<String>,
    ) -> Result<SendStats, StoreError> {
        self.read(move |connection| sends(connection, from, to, event_type.as_deref()))
            .await
    }
}

/// Whole hours are taken from what was counted when the rows changed; the rows themselves are looked at only
/// where the range begins and ends inside an hour, at most those of half of it.
pub(super) fn sends(
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
        let change = counts(row)?;
        counted.total.add(&change, sign);
        counted
            .by_type
            .entry(row.get(0)?)
            .or_default()
            .add(&change, sign);
    }
    Ok(())
}

fn counts(row: &Row<'_>) -> rusqlite::Result<SendChange> {
    Ok(SendChange {
        sent: row.get(1)?,
        succeeded: row.get(2)?,
        failed: row.get(3)?,
        timeout: row.get(4)?,
        retried: row.get(5)?,
        successful_ms: row.get(6)?,
    })
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

/// The latest first send in a piece: in its last slot with a send.
fn last_sent_in(
    connection: &Connection,
    piece: Piece,
    event_type: Option<&str>,
) -> rusqlite::Result<Option<Timestamp>> {
    let (from, to) = match piece.unit {
        None => (piece.from, piece.to),
        Some(unit) => {
            let last: Option<String> = connection
                .prepare_cached(
                    "SELECT slot FROM send_counts
                      WHERE slot BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)
                      ORDER BY slot DESC LIMIT 1",
                )?
                .query_row(
                    (unit.name_of(piece.from), unit.name_of(piece.to), event_type),
                    |row| row.get(0),
                )
                .optional()?;
            match last.and_then(|name| unit.named(&name)) {
                Some(slot) => slot,
                None => return Ok(None),
            }
        }
    };
    connection
        .prepare_cached(
            "SELECT sent_at FROM webhook_send_logs
              WHERE sent_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)
              ORDER BY sent_at DESC LIMIT 1",
        )?
        .query_row((from, to, event_type), |row| row.get(0))
        .optional()
}

/// The whole retry queue by status.
pub(super) fn queue(connection: &Connection) -> Result<QueueCounts, StoreError> {
    let mut counts = QueueCounts::default();
    let mut statement = connection
        .prepare_cached("SELECT status, sum(deliveries) FROM queue_counts GROUP BY status")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let place = match word(0, row.get(0)?, QueueStatus::from_word)? {
            QueueStatus::Pending => &mut counts.pending,
            QueueStatus::Processing => &mut counts.processing,
            QueueStatus::Completed => &mut counts.completed,
            QueueStatus::Failed => &mut counts.failed,
        };
        *place = row.get(1)?;
    }
    Ok(counts)
}
