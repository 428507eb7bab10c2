//! The lines of the outbox: one for each person and route (contract, section 5.1).
//!
//! What decides is in `order`. In here is how SQLite finds it: the one at the front and the next one stand in an
//! index, so that nothing is looked through, however long a line is. While anything stands in a line, one is at
//! its front or the first one waits for a moment.

use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row};

use super::left_behind;
use super::relay_time::Now;
use crate::order::{Ahead, Place, Tail};

/// So long what an outage has left waits at most for its turn among what follows, once it stands before a newer one of its
/// person.
const FOLLOWS_WITHIN: Duration = Duration::from_hours(1);

impl ToSql for Place {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for Place {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        Self::from_number(number).ok_or(FromSqlError::OutOfRange(number))
    }
}

impl ToSql for Tail {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for Tail {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        Self::from_number(number).ok_or(FromSqlError::OutOfRange(number))
    }
}

/// A line: whose, and on which route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) staff_id: &'a str,
    pub(super) route: &'a str,
}

/// A delivery that is still to be sent, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct QueueState {
    pub(super) staff_id: Option<String>,
    pub(super) route: String,
    pub(super) due_ms: Option<i64>,
    pub(super) attempts_in_round: u32,
    pub(super) place: Place,
    pub(super) tail: Tail,
}

impl QueueState {
    /// The line that it stands in; none: its order is not kept.
    pub(super) fn line(&self) -> Option<Line<'_>> {
        Some(Line {
            staff_id: self.staff_id.as_deref()?,
            route: &self.route,
        })
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            staff_id: row.get(0)?,
            route: row.get(1)?,
            due_ms: row.get(2)?,
            attempts_in_round: row.get(3)?,
            place: row.get(4)?,
            tail: row.get(5)?,
        })
    }
}

/// Where a delivery stands; none: it is not to be sent.
pub(super) fn queue_state(
    connection: &Connection,
    seq: i64,
) -> rusqlite::Result<Option<QueueState>> {
    connection
        .prepare_cached(
            "SELECT staff_id, route, due_ms, attempts_in_round, place, tail
               FROM outbox WHERE event_seq = ?1",
        )?
        .query_row([seq], QueueState::of)
        .optional()
}

/// Takes a delivery out, and says where it stood. The line does not go on by itself.
pub(super) fn remove(connection: &Connection, seq: i64) -> rusqlite::Result<Option<QueueState>> {
    // Not one statement with RETURNING: SQLite makes a table in memory for what it returns, which takes as long again.
    let before = queue_state(connection, seq)?;
    if before.is_some() {
        connection
            .prepare_cached("DELETE FROM outbox WHERE event_seq = ?1")?
            .execute([seq])?;
    }
    Ok(before)
}

/// Whether a route keeps the order of a person's events.
pub(super) fn is_kept(connection: &Connection, route: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM routes_without_order WHERE route = ?1)")?
        .query_row([route], |row| row.get(0))
}

impl Line<'_> {
    /// Whether its route keeps the order of a person's events, whether anything stands in it, and whether an outage has
    /// left anything of it.
    pub(super) fn look(self, connection: &Connection) -> rusqlite::Result<(bool, bool, bool)> {
        connection
            .prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM routes_without_order WHERE route = ?2),
                        EXISTS (SELECT 1 FROM outbox
                                 WHERE staff_id = ?1 AND route = ?2 AND place >= 1),
                        EXISTS (SELECT 1 FROM left_by_outages WHERE staff_id = ?1 AND route = ?2)",
            )?
            .query_row((self.staff_id, self.route), |row| row.try_into())
    }

    /// What a delivery would have to wait for.
    pub(super) fn ahead_of(self, connection: &Connection, seq: i64) -> rusqlite::Result<Ahead> {
        let front = self.front(connection)?;
        let first = self.next_after(connection, 0)?;
        Ok(Ahead {
            front: front.is_some_and(|front| front != seq),
            earlier: first.is_some_and(|(first, _)| first < seq),
        })
    }

    /// The one that is at the front.
    pub(super) fn front(self, connection: &Connection) -> rusqlite::Result<Option<i64>> {
        connection
            .prepare_cached(
                "SELECT event_seq FROM outbox WHERE staff_id = ?1 AND route = ?2 AND place = 2
                  LIMIT 1",
            )?
            .query_row((self.staff_id, self.route), |row| row.get(0))
            .optional()
    }

    /// The first one after `seq` that is not at the front, with the moment that it waits for.
    fn next_after(
        self,
        connection: &Connection,
        seq: i64,
    ) -> rusqlite::Result<Option<(i64, Option<i64>)>> {
        connection
            .prepare_cached(
                "SELECT event_seq, due_ms FROM outbox
                  WHERE staff_id = ?1 AND route = ?2 AND place = 1 AND event_seq > ?3
                  ORDER BY event_seq LIMIT 1",
            )?
            .query_row((self.staff_id, self.route, seq), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
    }

    /// Nobody is at the front any more: lets the first one go, unless it waits for a moment. Answers which one.
    pub(super) fn go_on(self, connection: &Connection, now: Now) -> rusqlite::Result<Option<i64>> {
        let Some((seq, None)) = self.next_after(connection, 0)? else {
            return Ok(None);
        };
        if self.waits_for_left(connection, seq, now)? {
            return Ok(None);
        }
        place(connection, seq, Place::Front, Some(now.axis_ms))?;
        Ok(Some(seq))
    }

    /// Whether the one at `seq` has to wait for an older one that an outage has left, and that follows now. That one is put
    /// into the line, where it waits for its turn.
    pub(super) fn waits_for_left(
        self,
        connection: &Connection,
        seq: i64,
        now: Now,
    ) -> rusqlite::Result<bool> {
        let left = left_behind::before(connection, self.staff_id, self.route, seq)?;
        let Some(left) = left else {
            return Ok(false);
        };
        let due_ms = now.axis_after(FOLLOWS_WITHIN);
        left_behind::expect(connection, left, due_ms, now)?;
        let first = QueueState {
            staff_id: Some(self.staff_id.to_owned()),
            route: self.route.to_owned(),
            due_ms: Some(due_ms),
            attempts_in_round: 0,
            place: Place::InLine,
            tail: Tail::AfterSuccess,
        };
        put(connection, left, &first)?;
        Ok(true)
    }

    /// The next one in the line after `seq`, at the front or not.
    pub(super) fn later(self, connection: &Connection, seq: i64) -> rusqlite::Result<Option<i64>> {
        let front = self.front(connection)?.filter(|front| *front > seq);
        let next = self.next_after(connection, seq)?.map(|(next, _)| next);
        Ok(front.into_iter().chain(next).min())
    }

    /// The first one in the line after `seq` of which nothing later was delivered.
    pub(super) fn first_without_tail(
        self,
        connection: &Connection,
        seq: i64,
    ) -> rusqlite::Result<Option<i64>> {
        let first_at = |place: Place| {
            connection
                .prepare_cached(
                    "SELECT event_seq FROM outbox
                      WHERE staff_id = ?1 AND route = ?2 AND place = ?3 AND event_seq > ?4 AND tail = 0
                      ORDER BY event_seq LIMIT 1",
                )?
                .query_row((self.staff_id, self.route, place, seq), |row| row.get(0))
                .optional()
        };
        let (front, next): (Option<i64>, _) = (first_at(Place::Front)?, first_at(Place::InLine)?);
        Ok(front.into_iter().chain(next).min())
    }
}

/// Keeps where a delivery stands, whether it was to be sent before or not.
pub(super) fn put(
    connection: &Connection,
    seq: i64,
    queue_state: &QueueState,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO outbox (event_seq, route, staff_id, due_ms, attempts_in_round, place, tail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (event_seq) DO UPDATE
                SET route = excluded.route, staff_id = excluded.staff_id, due_ms = excluded.due_ms,
                    attempts_in_round = excluded.attempts_in_round, place = excluded.place,
                    tail = excluded.tail",
        )?
        .execute((
            seq,
            &queue_state.route,
            &queue_state.staff_id,
            queue_state.due_ms,
            queue_state.attempts_in_round,
            queue_state.place,
            queue_state.tail,
        ))
        .map(|_| ())
}

/// Puts a delivery into another place.
pub(super) fn place(
    connection: &Connection,
    seq: i64,
    place: Place,
    due_ms: Option<i64>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE outbox SET place = ?2, due_ms = ?3 WHERE event_seq = ?1")?
        .execute((seq, place, due_ms))
        .map(|_| ())
}

/// The place of a delivery that is to be sent now, and the moment at which it is due.
pub(super) fn entrance(
    connection: &Connection,
    line: Option<Line<'_>>,
    seq: i64,
    now: Now,
) -> rusqlite::Result<(Place, Option<i64>)> {
    let goes = match line {
        None => true,
        Some(line) => {
            line.ahead_of(connection, seq)?.is_nobody()
                && !line.waits_for_left(connection, seq, now)?
        }
    };
    Ok(if goes {
        (Place::Front, Some(now.axis_ms))
    } else {
        (Place::InLine, None)
    })
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
