//! What is still to be sent, and when.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::holds::{self, End};
use super::line::{self, Line, QueueState};
use super::relay_time::Now;
use super::send_counts::{self, QueueStatus};
use super::tail::{self, Ended};
use super::writer::Lane;
use super::{Store, StoreError, interruptions, left_behind};
use crate::clock::Moment;
use crate::due::{DueDeliveries, DueDelivery};
use crate::order::{Place, Tail};
use crate::retry::RetryPolicy;

/// At most this many bytes of payload are taken at once, beyond the first delivery.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

impl Store {
    /// The deliveries of `route` that are due and not `in_flight`, the longest due first, at most `limit` of
    /// them; none while the route is on hold. Nothing is changed: one that is not sent is found again.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn due_deliveries(
        &self,
        route: &str,
        in_flight: HashSet<i64>,
        limit: usize,
        moment: Moment,
    ) -> Result<DueDeliveries, StoreError> {
        let (route, now) = (route.to_owned(), self.time.now(moment));
        self.delivery_readers
            .read(move |connection| due(connection, &route, now, &in_flight, limit))
            .await
    }

    /// Says that an attempt is under way. False: it must not be made now, because it is not the delivery's turn
    /// any more; it is due again when it is.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_attempt(
        &self,
        due: &DueDelivery,
        moment: Moment,
    ) -> Result<bool, StoreError> {
        let (seq, id, now) = (due.seq, due.id.clone(), self.time.now(moment));
        self.write(Lane::Results, move |connection| {
            Ok(begin(connection, seq, &id, now)?)
        })
        .await
    }

    /// Says of the retries of `route` that are under way that they are pending again: they were given up
    /// without a result. The receiver may have applied them.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn release_retries(&self, route: &str, moment: Moment) -> Result<(), StoreError> {
        let (route, now) = (route.to_owned(), self.time.now(moment));
        self.write(Lane::Results, move |connection| {
            Ok(release(connection, &route, now)?)
        })
        .await
    }

    /// Puts a delivery off by this long without spending an attempt. It holds up no one meanwhile. One that a
    /// person sends again becomes due at once; one that was sent again since `due` was read is not put off.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_off(
        &self,
        due: &DueDelivery,
        wait: Duration,
        policy: RetryPolicy,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let due = due.clone();
        let (time, now) = (self.time.clone(), self.time.now(moment));
        self.write(Lane::Results, move |connection| {
            put_off(connection, &due, wait, &policy, now)?;
            Ok(time.save(connection, now)?)
        })
        .await
    }

    /// How many deliveries wait for each route, by its name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waiting_by_route(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.read(waiting_by_route).await
    }
}

pub(super) fn due(
    connection: &Connection,
    route: &str,
    now: Now,
    in_flight: &HashSet<i64>,
    limit: usize,
) -> Result<DueDeliveries, StoreError> {
    if let Some(end) = holds::held_until(connection, route, now)? {
        return Ok(DueDeliveries {
            held: true,
            next_in: match end {
                End::At(until_ms) => Some(now.until(until_ms)),
                End::ByAPerson => None,
            },
            ..DueDeliveries::default()
        });
    }
    // What is due is found in the index alone, and only what is taken is read: under load, most of
    // what stands first is in flight already.
    let mut waiting = connection.prepare_cached(
        "SELECT event_seq, due_ms FROM outbox WHERE route = ?1 AND due_ms <= ?2
          ORDER BY due_ms, event_seq LIMIT ?3",
    )?;
    let name = Arc::from(route);
    let asked = i64::try_from(limit.saturating_add(in_flight.len())).unwrap_or(i64::MAX);
    let mut rows = waiting.query((route, now.axis_ms, asked))?;
    let mut found = DueDeliveries {
        follows: left_behind::follows(connection, route)?,
        ..DueDeliveries::default()
    };
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let (seq, due_ms) = (row.get(0)?, row.get(1)?);
        if in_flight.contains(&seq) {
            continue;
        }
        let mut due = delivery(connection, seq, &name, due_ms)?;
        due.in_turn &= !found.follows;
        bytes += due.data.len();
        found.due.push(due);
        if found.due.len() == limit || bytes > BYTES_AT_ONCE {
            found.more = true;
            break;
        }
    }
    let next: Option<i64> = connection
        .prepare_cached("SELECT min(due_ms) FROM outbox WHERE route = ?1 AND due_ms > ?2")?
        .query_row((route, now.axis_ms), |row| row.get(0))?;
    found.next_in = next.map(|due_ms| now.until(due_ms));
    Ok(found)
}

/// The next attempt of what is due.
pub(super) fn delivery(
    connection: &Connection,
    seq: i64,
    route: &Arc<str>,
    due_ms: i64,
) -> rusqlite::Result<DueDelivery> {
    connection
        .prepare_cached(
            "SELECT e.id, e.event_type, e.event_timestamp, e.data, coalesce(l.retry_count + 2, 1),
                    o.place
               FROM outbox o CROSS JOIN events e ON e.seq = o.event_seq
               LEFT JOIN webhook_send_logs l ON l.id = e.id
              WHERE o.event_seq = ?1",
        )?
        .query_row([seq], |row| {
            Ok(DueDelivery {
                seq,
                id: row.get(0)?,
                route: Arc::clone(route),
                event_type: row.get(1)?,
                event_timestamp: row.get(2)?,
                data: row.get(3)?,
                due_ms,
                attempt: row.get(4)?,
                in_turn: row.get::<_, Place>(5)? == Place::Front,
            })
        })
}

/// Adds an event that was accepted just now; says whether its first attempt can be made.
pub(super) fn add(
    connection: &Connection,
    seq: i64,
    route: &str,
    staff_id: Option<&str>,
    now: Now,
) -> rusqlite::Result<bool> {
    let line = staff_id.map(|staff_id| Line { staff_id, route });
    let looked = line.map(|line| line.look(connection)).transpose()?;
    let (is_ordered, is_taken, has_left) = looked.unwrap_or_default();
    // It is the last one of its person, so it waits for whatever is there.
    let mut goes = !(is_ordered && is_taken);
    if let Some(line) = line.filter(|_| goes && is_ordered && has_left) {
        goes = !line.waits_for_left(connection, seq, now)?;
    }
    let place = if goes { Place::Front } else { Place::InLine };
    let staff_id = staff_id.filter(|_| is_ordered);
    let due_ms = goes.then_some(now.axis_ms);
    connection
        .prepare_cached(
            "INSERT INTO outbox (event_seq, route, staff_id, due_ms, place)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((seq, route, staff_id, due_ms, place))?;
    Ok(goes)
}

/// Lets an attempt begin, when it is its turn; else it is behind whoever it has to wait for.
pub(super) fn begin(
    connection: &Connection,
    seq: i64,
    id: &str,
    now: Now,
) -> rusqlite::Result<bool> {
    let Some(queue_state) = line::queue_state(connection, seq)? else {
        return Ok(false);
    };
    let Some(due_ms) = queue_state.due_ms.filter(|due_ms| *due_ms <= now.axis_ms) else {
        return Ok(false);
    };
    if queue_state.place == Place::Front {
        // Since it came there, a recovery may have begun.
        if let Some(line) = queue_state.line()
            && line.waits_for_left(connection, seq, now)?
        {
            line::place(connection, seq, Place::InLine, None)?;
            return Ok(false);
        }
    } else {
        let (place, _) = line::entrance(connection, queue_state.line(), seq, now)?;
        let goes = place == Place::Front;
        line::place(connection, seq, place, goes.then_some(due_ms))?;
        if !goes {
            return Ok(false);
        }
    }
    left_behind::take(connection, seq)?;
    mark_processing(connection, id, now)?;
    Ok(true)
}

pub(super) fn waiting_by_route(connection: &Connection) -> Result<Vec<(String, u64)>, StoreError> {
    let waiting = connection
        .prepare_cached("SELECT route, count(*) FROM outbox GROUP BY route ORDER BY route")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(waiting)
}

pub(super) fn put_off(
    connection: &Connection,
    due: &DueDelivery,
    wait: Duration,
    policy: &RetryPolicy,
    now: Now,
) -> rusqlite::Result<()> {
    mark_pending(connection, &due.id, now)?;
    let seq = due.seq;
    let Some(mut queue_state) = line::queue_state(connection, seq)? else {
        return Ok(());
    };
    // Its result is not known.
    interruptions::note(connection)?;
    queue_state.tail = queue_state.tail.in_doubt();
    if queue_state.due_ms != Some(due.due_ms) {
        return line::put(connection, seq, &queue_state);
    }
    let mut aside = QueueState {
        due_ms: Some(now.axis_after(wait)),
        ..queue_state.clone()
    };
    if queue_state.line().is_some() {
        aside.place = Place::Beside;
        aside.tail = queue_state.tail.beside();
    }
    line::put(connection, seq, &aside)?;
    tail::go_on(connection, seq, &queue_state, Ended::OutOfLine, policy, now)?;
    Ok(())
}

fn mark_processing(connection: &Connection, id: &str, now: Now) -> rusqlite::Result<()> {
    move_retry(
        connection,
        id,
        QueueStatus::Pending,
        QueueStatus::Processing,
        now,
    )
}

fn mark_pending(connection: &Connection, id: &str, now: Now) -> rusqlite::Result<()> {
    move_retry(
        connection,
        id,
        QueueStatus::Processing,
        QueueStatus::Pending,
        now,
    )
}

/// Moves a queue row from one status to another, when it has the first.
fn move_retry(
    connection: &Connection,
    id: &str,
    from: QueueStatus,
    to: QueueStatus,
    now: Now,
) -> rusqlite::Result<()> {
    let moved = connection
        .prepare_cached(
            "UPDATE webhook_retry_queue SET status = ?3, updated_at = ?4 WHERE id = ?1 AND status = ?2",
        )?
        .execute((id, from.as_str(), to.as_str(), now.wall))?;
    if moved > 0 {
        let route: String = connection
            .prepare_cached("SELECT route FROM webhook_send_logs WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        send_counts::add_queued(connection, &route, from, -1)?;
        send_counts::add_queued(connection, &route, to, 1)?;
    }
    Ok(())
}

fn release(connection: &Connection, route: &str, now: Now) -> rusqlite::Result<()> {
    let given_up: Vec<String> = connection
        .prepare_cached(
            "SELECT q.id FROM webhook_retry_queue q CROSS JOIN events e ON e.id = q.id
              CROSS JOIN outbox o ON o.event_seq = e.seq
              WHERE q.status = 'processing' AND o.route = ?1",
        )?
        .query_map([route], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    doubt(connection, Some(route), now)?;
    for id in given_up {
        mark_pending(connection, &id, now)?;
    }
    Ok(())
}

/// What may be under way on a route, or on all, may have been applied by the receiver: nobody waits for the result.
/// Retries under way are marked, first attempts are not.
fn doubt(connection: &Connection, route: Option<&str>, now: Now) -> rusqlite::Result<()> {
    interruptions::note(connection)?;
    connection
        .prepare_cached(
            "UPDATE outbox SET tail = ?1
              WHERE route IN (SELECT route FROM queue_counts WHERE ?2 IS NULL UNION SELECT ?2)
                AND due_ms <= ?3 AND place = ?4 AND tail = ?5
                AND NOT EXISTS (SELECT 1 FROM events e CROSS JOIN webhook_retry_queue q ON q.id = e.id
                                 WHERE e.seq = outbox.event_seq AND q.status <> 'processing')",
        )?
        .execute((
            Tail::AfterSuccess.in_doubt(),
            route,
            now.axis_ms,
            Place::Front,
            Tail::AfterSuccess,
        ))
        .map(|_| ())
}

/// Makes attempts that a crash interrupted pending again. There is one process, so nobody else can be
/// working on it, and no lease has to run out first.
pub(super) fn recover(connection: &Connection, now: Now) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    give_up_all(&transaction, now)?;
    transaction.commit()
}

pub(super) fn give_up_all(connection: &Connection, now: Now) -> rusqlite::Result<()> {
    doubt(connection, None, now)?;
    let left: Vec<String> = connection
        .prepare_cached("SELECT id FROM webhook_retry_queue WHERE status = 'processing'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in left {
        mark_pending(connection, &id, now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
