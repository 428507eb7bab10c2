//! Tails: what was delivered after an event for the same person on the same route, and is made again after it
//! (contract, section 5.1).

use rusqlite::{Connection, params};

use super::line::{self, Line, Standing};
use super::relay_time::Now;
use super::round::{Delivery, open};
use crate::order::{Place, TAIL_AT_ONCE, Tail};
use crate::retry::RetryPolicy;

/// Whether the receiver has an event and nothing more of it is to be sent; whatever became of it when it was sent
/// again, unless a person has dismissed it.
pub(super) const DELIVERED: &str = "
    (l.status = 'success'
       OR EXISTS (SELECT 1 FROM attempts a WHERE a.event_seq = e.seq AND a.outcome = 'success'))
     AND NOT EXISTS (SELECT 1 FROM outbox open WHERE open.event_seq = e.seq)
     AND NOT EXISTS (SELECT 1 FROM dismissed_deliveries d WHERE d.event_seq = e.seq)";
/// The deliveries of one line, after one event and before another.
const OF_LINE: &str = "
    FROM events e CROSS JOIN webhook_send_logs l ON l.id = e.id
   WHERE e.staff_id = ?1 AND l.route = ?2 AND e.seq > ?3 AND e.seq < ?4";

/// What an attempt has made of a delivery's standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It succeeded, and nothing more is to be sent.
    Delivered,
    /// It is over without a success, or beside the line.
    OutOfLine,
    /// It waits for its retry, and the others for it.
    InLine,
}

/// What follows in a line when an attempt has ended: the tail, and the next one. Answers which one is due now.
/// `before` is where the delivery stood during the attempt.
pub(super) fn go_on(
    connection: &Connection,
    seq: i64,
    before: &Standing,
    ended: Ended,
    policy: &RetryPolicy,
    now: Now,
) -> rusqlite::Result<Option<i64>> {
    let Some(line) = before.line() else {
        return Ok(None);
    };
    if ended != Ended::InLine && before.tail.follows(ended == Ended::Delivered) {
        follow(connection, line, seq, policy, now)?;
    }
    // A route that has begun to keep the order may have another one at the front while this one is under way.
    if before.place == Place::Front || line.front(connection)?.is_none() {
        line.go_on(connection, now)
    } else {
        Ok(None)
    }
}

/// How many deliveries would follow the event at `seq`, up to the one at `next`, which is sent again, too. What was never
/// sent is not looked at.
pub(super) fn length(
    connection: &Connection,
    line: Line<'_>,
    seq: i64,
    next: Option<i64>,
) -> rusqlite::Result<u64> {
    let end = line.first_without_tail(connection, seq)?;
    let end = end.into_iter().chain(next).min();
    connection
        .prepare_cached(&format!("SELECT count(*) {OF_LINE} AND {DELIVERED}"))?
        .query_row(
            (line.staff_id, line.route, seq, end.unwrap_or(i64::MAX)),
            |row| row.get(0),
        )
}

/// Opens the tail of the event at `seq`, up to the next one in the line, which owes the rest of it.
fn follow(
    connection: &Connection,
    line: Line<'_>,
    seq: i64,
    policy: &RetryPolicy,
    now: Now,
) -> rusqlite::Result<()> {
    let next = line.later(connection, seq)?;
    let end = next.unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT e.seq, e.id, l.retry_count {OF_LINE} AND {DELIVERED} ORDER BY e.seq LIMIT ?5"
    );
    let found: Vec<Delivery> = connection
        .prepare_cached(&sql)?
        .query_map(
            params![line.staff_id, line.route, seq, end, TAIL_AT_ONCE],
            |row| {
                Ok(Delivery {
                    seq: row.get(0)?,
                    id: row.get(1)?,
                    retries: row.get(2)?,
                    sent_on: line.route.to_owned(),
                })
            },
        )?
        .collect::<rusqlite::Result<_>>()?;
    for delivery in &found {
        let standing = Standing {
            staff_id: Some(line.staff_id.to_owned()),
            route: line.route.to_owned(),
            due_ms: None,
            attempts_in_round: 0,
            place: Place::InLine,
            tail: Tail::AfterSuccess,
        };
        open(connection, delivery, &standing, policy, now)?;
    }
    let owes = if found.len() == TAIL_AT_ONCE {
        found.last().map(|last| last.seq)
    } else {
        next
    };
    owes.map_or(Ok(()), |seq| owe(connection, seq))
}

/// A delivery owes the tail of an earlier one from now on.
fn owe(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    let Some(standing) = line::standing(connection, seq)? else {
        return Ok(());
    };
    connection
        .prepare_cached("UPDATE outbox SET tail = ?2 WHERE event_seq = ?1")?
        .execute((seq, standing.tail.owed()))
        .map(|_| ())
}
