//! Erasing a person's events: the rows stay, with their ids, types, times and outcomes.

use rusqlite::{Connection, OptionalExtension};

use super::super::incidents::End;
use super::super::queue_row::{LOG_EXHAUSTED, QUEUE_EXHAUSTED, queue_status};
use super::super::relay_time::Now;
use super::super::send_counts::{self, QueueStatus};
use super::super::writer::Lane;
use super::super::{
    Store, delivered_digests, dismissed_deliveries, incidents, left_behind, missing_deliveries,
    people,
};
use super::{ERASED_AT_ONCE, EraseError, Range, counted};
use crate::clock::Moment;
use crate::person::{ERASED, Erased};
use crate::timestamp::Timestamp;

impl Store {
    /// Erases some of the person's events; none when there are no more.
    ///
    /// # Errors
    /// `StillOpen` for what was sent again meanwhile; or the store's.
    pub async fn erase_events(
        &self,
        staff_id: &str,
        range: Range,
        moment: Moment,
    ) -> Result<Erased, EraseError> {
        let (id, now) = (staff_id.to_owned(), self.time.now(moment));
        self.write(Lane::Maintenance, move |connection| {
            events(connection, &id, range, now)
        })
        .await
    }
}

pub(super) fn events(
    connection: &Connection,
    staff_id: &str,
    range: Range,
    now: Now,
) -> Result<Erased, EraseError> {
    if !range.give_up {
        for (seq, id) in next_events(connection, staff_id, range)? {
            // It was sent again since the erasure began.
            if is_open(connection, seq, &id)? {
                return Err(EraseError::StillOpen(people::open(connection, staff_id)?));
            }
        }
    }
    let erased = some_events(connection, staff_id, range, now.wall)?;
    Ok(counted(connection, range, erased)?)
}

/// The next of the person's events that are to be erased.
fn next_events(
    connection: &Connection,
    staff_id: &str,
    range: Range,
) -> rusqlite::Result<Vec<(i64, String)>> {
    connection
        .prepare_cached(
            "SELECT seq, id FROM events WHERE staff_id = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map((staff_id, range.last_event, ERASED_AT_ONCE), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

/// Erases them; what is open among them is given up.
pub(super) fn some_events(
    connection: &Connection,
    staff_id: &str,
    range: Range,
    at: Timestamp,
) -> rusqlite::Result<Erased> {
    let mut erased = Erased::default();
    for (seq, id) in next_events(connection, staff_id, range)? {
        if is_open(connection, seq, &id)? {
            give_up(connection, seq, &id, at)?;
            erased.given_up += 1;
        }
        // What is missing at the partner cannot be sent again any more.
        if missing_deliveries::dismiss(connection, seq, at)? {
            incidents::leave(connection, seq, End::GivenUp)?;
        }
        event(connection, seq, &id)?;
        erased.events += 1;
    }
    Ok(erased)
}

/// Whether a delivery is still to be made, or is exhausted and waits for a person's decision.
fn is_open(connection: &Connection, seq: i64, id: &str) -> rusqlite::Result<bool> {
    let waits: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE event_seq = ?1)")?
        .query_row([seq], |row| row.get(0))?;
    Ok(match queue_status(connection, id)? {
        Some(QueueStatus::Pending | QueueStatus::Processing | QueueStatus::Failed) => true,
        Some(QueueStatus::Completed | QueueStatus::Dismissed) | None => waits,
    })
}

/// Gives up a delivery. One that has arrived before stays delivered; any other is dismissed.
fn give_up(connection: &Connection, seq: i64, id: &str, at: Timestamp) -> rusqlite::Result<()> {
    delivered_digests::forget(connection, id)?;
    connection
        .prepare_cached("DELETE FROM outbox WHERE event_seq = ?1")?
        .execute([seq])?;
    let sent: Option<(String, bool)> = connection
        .prepare_cached("SELECT route, status = 'success' FROM webhook_send_logs WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let before = queue_status(connection, id)?;
    let has_arrived = sent.as_ref().is_some_and(|(_, arrived)| *arrived);
    if let (Some((route, _)), Some(before)) = (sent, before) {
        let after = if has_arrived {
            QueueStatus::Completed
        } else {
            QueueStatus::Failed
        };
        connection
            .prepare_cached(
                "UPDATE webhook_retry_queue
                    SET status = ?2, updated_at = ?3, last_error = iif(?2 = 'failed', ?4, last_error)
                  WHERE id = ?1",
            )?
            .execute((id, after.as_str(), at, QUEUE_EXHAUSTED))?;
        send_counts::add_queued(connection, &route, before, -1)?;
        send_counts::add_queued(connection, &route, after, 1)?;
    }
    if has_arrived {
        return Ok(());
    }
    dismiss(connection, seq, at)
}

fn dismiss(connection: &Connection, seq: i64, at: Timestamp) -> rusqlite::Result<()> {
    dismissed_deliveries::insert(connection, seq, at)?;
    connection
        .prepare_cached(
            "UPDATE incident_deliveries SET ended = 'dismissed'
              WHERE event_seq = ?1 AND ended IS NULL",
        )?
        .execute([seq])
        .map(|_| ())
}

/// Removes from an event, its attempts, its log row and its queue row what identifies the person.
fn event(connection: &Connection, seq: i64, id: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO erased_events (event_seq) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([seq])?;
    left_behind::take(connection, seq)?;
    connection
        .prepare_cached("UPDATE events SET staff_id = NULL, data = '{}' WHERE seq = ?1")?
        .execute([seq])?;
    connection
        .prepare_cached(
            "UPDATE attempts
                SET response_body = NULL, error_message = iif(error_message IS NULL, NULL, ?2)
              WHERE event_seq = ?1",
        )?
        .execute((seq, ERASED))?;
    connection
        .prepare_cached(
            "UPDATE webhook_send_logs
                SET staff_id = NULL, response_body = NULL,
                    error_message = CASE WHEN error_message IS NULL THEN NULL
                                         WHEN error_message = ?2 THEN error_message ELSE ?3 END
              WHERE id = ?1",
        )?
        .execute((id, LOG_EXHAUSTED, ERASED))?;
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue
                SET payload = '{}',
                    last_error = CASE WHEN last_error IS NULL THEN NULL
                                      WHEN last_error = ?2 THEN last_error ELSE ?3 END
              WHERE id = ?1",
        )?
        .execute((id, QUEUE_EXHAUSTED, ERASED))
        .map(|_| ())
}

/// Whether an event is one of an erased person.
pub(in crate::store) fn is_erased(connection: &Connection, seq: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM erased_events WHERE event_seq = ?1)")?
        .query_row([seq], |row| row.get(0))
}

/// Erases once more an event whose attempt was under way when it was erased: the result of the attempt must not bring
/// anything back.
pub(in crate::store) fn after_attempt(
    connection: &Connection,
    seq: i64,
    id: &str,
    now: Now,
) -> rusqlite::Result<()> {
    if !is_erased(connection, seq)? {
        return Ok(());
    }
    if is_open(connection, seq, id)? {
        give_up(connection, seq, id, now.wall)?;
    }
    event(connection, seq, id)
}
