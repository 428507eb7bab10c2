//! Tails: what was delivered after an event for the same person on the same route, and is made again after it
//! (contract, section 5.1).

use rusqlite::{Connection, params};

use super::connection::word;
use super::event_lookup::STATUS;
use super::event_query::FROM_EVENTS;
use super::interruptions::first_application;
use super::line::{self, Line, QueueState};
use super::relay_time::Now;
use super::round::{Delivery, open};
use crate::event::Status;
use crate::order::{Place, TAIL_AT_ONCE, Tail};
use crate::resend::Candidate;
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::timestamp::Timestamp;

/// Whether the receiver has an event and nothing more of it is to be sent; whatever became of it when it was sent
/// again. So one that was dismissed is in no tail unless it had been delivered before: then the receiver would lose it.
pub(super) const DELIVERED: &str = "
    (l.status = 'success'
       OR EXISTS (SELECT 1 FROM attempts a WHERE a.event_seq = e.seq AND a.outcome = 'success')
       OR EXISTS (SELECT 1 FROM arrived_deliveries d WHERE d.event_seq = e.seq))
     AND NOT EXISTS (SELECT 1 FROM outbox open WHERE open.event_seq = e.seq)";
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
    before: &QueueState,
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

/// A later event of the same person, which may be selected as well.
pub(super) struct Later {
    pub(super) status: Status,
    pub(super) event_type: String,
    /// The route that was decided at acceptance.
    pub(super) accepted_for: String,
    pub(super) accepted_at: Timestamp,
}

/// How many deliveries would follow an event, up to the next one in its line that is selected as well, or is to be sent
/// anyway: the rest follows that one. A selected one takes the route of today, whichever it took before.
pub(super) fn length_within(
    connection: &Connection,
    routing: &Routing,
    event: &Candidate,
    is_selected: impl Fn(&Later) -> bool,
) -> rusqlite::Result<u64> {
    let route = routing.of_resend(&event.route, &event.event_type);
    let Some(staff_id) = &event.staff_id else {
        return Ok(0);
    };
    if !line::is_kept(connection, route)? {
        return Ok(0);
    }
    let end = Line { staff_id, route }.first_without_tail(connection, event.seq)?;
    let sql = format!(
        "SELECT {STATUS}, e.event_type, e.route, e.accepted_at,
                l.route = ?2 AND {DELIVERED}, coalesce(o.route = ?2 AND o.place >= 1, 0) {FROM_EVENTS}
          WHERE e.staff_id = ?1 AND e.seq > ?3 AND e.seq < ?4 ORDER BY e.seq"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((staff_id, route, event.seq, end.unwrap_or(i64::MAX)))?;
    let mut follows = 0;
    while let Some(row) = rows.next()? {
        let later = Later {
            status: word(0, row.get(0)?, Status::from_word)?,
            event_type: row.get(1)?,
            accepted_for: row.get(2)?,
            accepted_at: row.get(3)?,
        };
        let takes = routing.of_resend(&later.accepted_for, &later.event_type);
        let is_in_line: bool = row.get(5)?;
        if is_in_line || (takes == route && is_selected(&later)) {
            break;
        }
        follows += u64::from(row.get::<_, Option<bool>>(4)?.unwrap_or_default());
    }
    Ok(follows)
}

/// The last attempt of an event, by its place in the order of results.
const LAST: &str = "(SELECT max(a.seq) FROM attempts a WHERE a.event_seq = e.seq)";

/// Whether the event at `seq`, of which nobody knows with which of its attempts it was applied, may have been applied
/// after a later one that was delivered.
pub(super) fn is_applied_after_later(
    connection: &Connection,
    line: Line<'_>,
    seq: i64,
) -> rusqlite::Result<bool> {
    let first = first_application("e.seq");
    let sql = format!(
        "SELECT EXISTS (SELECT 1 {OF_LINE} AND {DELIVERED}
                           AND coalesce((SELECT max(a.seq) FROM attempts a
                                          WHERE a.event_seq = e.seq AND a.outcome = 'success'), {first})
                             < (SELECT max(x.seq) FROM attempts x WHERE x.event_seq = ?3))"
    );
    connection
        .prepare_cached(&sql)?
        .query_row((line.staff_id, line.route, seq, i64::MAX), |row| row.get(0))
}

/// Whether an earlier one may have been applied after it.
pub(super) fn is_applied_before_earlier(
    connection: &Connection,
    line: Line<'_>,
    seq: i64,
) -> rusqlite::Result<bool> {
    let first = first_application("?4");
    let sql = format!("SELECT EXISTS (SELECT 1 {OF_LINE} AND {LAST} > {first})");
    connection
        .prepare_cached(&sql)?
        .query_row((line.staff_id, line.route, 0, seq), |row| row.get(0))
}

/// Opens the tail of the event at `seq`, up to the next one in the line, which owes the rest of it.
pub(super) fn follow(
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
        let queue_state = QueueState {
            staff_id: Some(line.staff_id.to_owned()),
            route: line.route.to_owned(),
            due_ms: None,
            attempts_in_round: 0,
            place: Place::InLine,
            tail: Tail::AfterSuccess,
        };
        open(connection, delivery, &queue_state, policy, now)?;
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
    let Some(queue_state) = line::queue_state(connection, seq)? else {
        return Ok(());
    };
    connection
        .prepare_cached("UPDATE outbox SET tail = ?2 WHERE event_seq = ?1")?
        .execute((seq, queue_state.tail.inherited()))
        .map(|_| ())
}
