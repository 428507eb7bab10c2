//! Sending one event again, because a person says so: a new round with a fresh budget of retries.

use rusqlite::{Connection, OptionalExtension};

use super::line::{self, QueueState};
use super::relay_time::Now;
use super::round::{Delivery, open};
use super::writer::Lane;
use super::{Store, StoreError, audit, erase, tail};
use crate::audit::{Action, Actor, Subject};
use crate::clock::Moment;
use crate::order::{LONGEST_TAIL, Place, Tail};
use crate::resend::{Resend, Resent};
use crate::retry::RetryPolicy;
use crate::route::Routing;

impl Store {
    /// Opens the delivery of the event with this id again: it is due now, with a fresh budget of retries. It
    /// takes the route that was decided when it was accepted; when the configuration does not have that one
    /// any more, the one that it would take today. It waits for an attempt under way of the same person, and
    /// for earlier events of that person; `only`: what was delivered after it is not sent again after it, else a
    /// tail of more than [`LONGEST_TAIL`] is refused. One that was dismissed is not any more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn resend_event(
        &self,
        id: &str,
        policy: RetryPolicy,
        routing: Routing,
        only: bool,
        by: Actor,
        moment: Moment,
    ) -> Result<Resent, StoreError> {
        let (id, now) = (id.to_owned(), self.time.now(moment));
        self.write(Lane::Calls, move |connection| {
            let rules = Rules {
                policy: &policy,
                routing: &routing,
                only,
            };
            let resent = resend(connection, &id, rules, now)?;
            if resent.resend.is_done() {
                let entry = by.clone().did(Action::Resend, now.wall);
                let entry = entry.to(Subject::Named(id.clone()));
                audit::record(connection, &entry.counting(1))?;
            }
            Ok(resent)
        })
        .await
    }
}

/// What a resend goes by.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) policy: &'a RetryPolicy,
    pub(super) routing: &'a Routing,
    /// Tails are left out, however long they are.
    pub(super) only: bool,
}

/// What is known of an event that is to be sent again.
pub(super) struct ResendCandidate {
    pub(super) seq: i64,
    route: String,
    event_type: String,
    pub(super) staff_id: Option<String>,
    /// None before the first attempt.
    sent: Option<(u32, String)>,
}

pub(super) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<ResendCandidate>> {
    connection
        .prepare_cached(
            "SELECT e.seq, e.route, e.event_type, e.staff_id, l.retry_count, l.route
               FROM events e LEFT JOIN webhook_send_logs l ON l.id = e.id
              WHERE e.id = ?1",
        )?
        .query_row([id], |row| {
            let (retries, sent_on): (Option<u32>, Option<String>) = (row.get(4)?, row.get(5)?);
            Ok(ResendCandidate {
                seq: row.get(0)?,
                route: row.get(1)?,
                event_type: row.get(2)?,
                staff_id: row.get(3)?,
                sent: retries.zip(sent_on),
            })
        })
        .optional()
}

/// Sends one event again. A long tail is refused, and nothing is changed.
pub(super) fn resend(
    connection: &Connection,
    id: &str,
    rules: Rules<'_>,
    now: Now,
) -> rusqlite::Result<Resent> {
    let Some(found) = find(connection, id)? else {
        return Ok(Resent {
            seq: None,
            resend: Resend::Unknown,
            follows: 0,
        });
    };
    let seq = Some(found.seq);
    if erase::is_erased(connection, found.seq)? {
        return Ok(Resent {
            seq,
            resend: Resend::Erased,
            follows: 0,
        });
    }
    let before = line::queue_state(connection, found.seq)?;
    let wanted = queue_state(connection, &found, before.as_ref(), rules, now)?;
    let mut follows = 0;
    if let Some(line) = wanted.line()
        && !rules.only
        && wanted.tail != Tail::None
    {
        follows = tail::length(connection, line, found.seq, None)?;
        if follows > LONGEST_TAIL {
            let resend = Resend::TailTooLong;
            return Ok(Resent {
                seq,
                resend,
                follows,
            });
        }
    }
    let resend = reopen(connection, id, found, before, &wanted, rules.policy, now)?;
    Ok(Resent {
        seq,
        resend,
        follows,
    })
}

/// Sends one event again, however long its tail is. False: it is gone, or was erased.
pub(super) fn resend_with_tail(
    connection: &Connection,
    id: &str,
    rules: Rules<'_>,
    now: Now,
) -> rusqlite::Result<bool> {
    let Some(found) = find(connection, id)? else {
        return Ok(false);
    };
    if erase::is_erased(connection, found.seq)? {
        return Ok(false);
    }
    let before = line::queue_state(connection, found.seq)?;
    let wanted = queue_state(connection, &found, before.as_ref(), rules, now)?;
    reopen(connection, id, found, before, &wanted, rules.policy, now).map(|_| true)
}

/// Where a delivery stands once it is sent again.
pub(super) fn queue_state(
    connection: &Connection,
    found: &ResendCandidate,
    before: Option<&QueueState>,
    rules: Rules<'_>,
    now: Now,
) -> rusqlite::Result<QueueState> {
    let route = rules.routing.of_resend(&found.route, &found.event_type);
    let staff_id = match &found.staff_id {
        Some(staff_id) if line::is_kept(connection, route)? => Some(staff_id.clone()),
        _ => None,
    };
    let stays = before.filter(|before| before.route == route && before.staff_id == staff_id);
    let tail = Tail::of_resend(stays.map(|before| before.tail), rules.only);
    let mut wanted = QueueState {
        staff_id,
        route: route.to_owned(),
        due_ms: None,
        attempts_in_round: 0,
        place: Place::InLine,
        tail,
    };
    (wanted.place, wanted.due_ms) = match stays {
        // Behind another one, it waits as before.
        Some(QueueState { due_ms: None, .. }) => (Place::InLine, None),
        // The moment changes even when it was due already: who puts the delivery off sees that a person wants it sent.
        Some(QueueState {
            place: Place::Front,
            due_ms: Some(due_ms),
            ..
        }) => (Place::Front, Some(now.axis_ms.min(due_ms - 1))),
        _ => line::entrance(connection, wanted.line(), found.seq, now)?,
    };
    Ok(wanted)
}

/// Opens the delivery again, or changes where it stands.
pub(super) fn reopen(
    connection: &Connection,
    id: &str,
    found: ResendCandidate,
    before: Option<QueueState>,
    wanted: &QueueState,
    policy: &RetryPolicy,
    now: Now,
) -> rusqlite::Result<Resend> {
    let seq = found.seq;
    let resend = match found.sent {
        None => {
            line::put(connection, seq, wanted)?;
            Resend::Waiting
        }
        Some((retries, sent_on)) => {
            let id = id.to_owned();
            let delivery = Delivery {
                seq,
                id,
                retries,
                sent_on,
            };
            open(connection, &delivery, wanted, policy, now)?
        }
    };
    // The line that it has left goes on.
    if let Some(before) = before.filter(|before| before.place == Place::Front)
        && let Some(left) = before.line()
        && (wanted.route != before.route || wanted.staff_id != before.staff_id)
    {
        left.go_on(connection, now)?;
    }
    Ok(resend)
}

#[cfg(test)]
mod tests;
