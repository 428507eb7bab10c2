//! Exhausted deliveries of which a comparison shows that they have arrived: only the answer was lost (contract,
//! section 4.7), and with it when in the order of the person's events the receiver has applied them (section 5.1).

use rusqlite::Connection;

use super::incidents::{self, End};
use super::line::{self, Line, QueueState};
use super::relay_time::Now;
use super::resend::{Rules, find, reopen};
use super::send_counts::{self, QueueStatus};
use super::{StoreError, delivered_digests, left_behind, missing_deliveries, tail};
use crate::attempt::Outcome;
use crate::order::{Place, Tail};

/// Keeps as delivered what was exhausted and has arrived all the same. Where it may have been applied in another order
/// than that of acceptance, what makes it good is opened in the same transaction.
pub(super) fn settle(
    connection: &Connection,
    seq: i64,
    id: &str,
    rules: Rules<'_>,
    now: Now,
) -> Result<(), StoreError> {
    // A person has done something with it meanwhile, or it was settled before.
    let Some(route) = keep(connection, seq, id, now)? else {
        return Ok(());
    };
    delivered_digests::forget(connection, id)?;
    left_behind::take(connection, seq)?;
    for incident in incidents::leave(connection, seq, End::Delivered)? {
        incidents::close_when_settled(connection, incident, now)?;
    }
    missing_deliveries::confirm(connection, seq, now)?;
    Ok(put_in_order(connection, seq, id, &route, rules, now)?)
}

/// Writes that it was delivered. Answers the route that it took; none: it is not exhausted.
fn keep(connection: &Connection, seq: i64, id: &str, now: Now) -> rusqlite::Result<Option<String>> {
    let is_exhausted: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM webhook_retry_queue q
                             WHERE q.id = ?1 AND q.status = 'failed')
                AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_seq = ?2)
                AND NOT EXISTS (SELECT 1 FROM dismissed_deliveries d WHERE d.event_seq = ?2)",
        )?
        .query_row((id, seq), |row| row.get(0))?;
    let sent = send_counts::of_event(connection, seq)?;
    let Some(before) = sent.filter(|_| is_exhausted) else {
        return Ok(None);
    };
    let mut after = before.as_counted();
    after.state.outcome = Outcome::Success;
    connection
        .prepare_cached(
            "UPDATE webhook_send_logs SET status = 'success', error_message = NULL WHERE id = ?1",
        )?
        .execute([id])?;
    send_counts::replace(connection, &before.as_counted(), &after)?;
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue SET status = 'completed', last_error = NULL, updated_at = ?2
              WHERE id = ?1",
        )?
        .execute((id, now.wall))?;
    send_counts::add_queued(connection, after.route, QueueStatus::Failed, -1)?;
    send_counts::add_queued(connection, after.route, QueueStatus::Completed, 1)?;
    connection
        .prepare_cached(
            "INSERT INTO arrived_deliveries (event_seq) VALUES (?1) ON CONFLICT DO NOTHING",
        )?
        .execute([seq])?;
    Ok(Some(before.route))
}

/// Opens its tail when a later one was applied before it. When an earlier one was applied after it, it is one of that
/// one's tail itself. Nothing more can be sent on a route that is gone.
fn put_in_order(
    connection: &Connection,
    seq: i64,
    id: &str,
    route: &str,
    rules: Rules<'_>,
    now: Now,
) -> rusqlite::Result<()> {
    let Some(found) = find(connection, id)? else {
        return Ok(());
    };
    let Some(staff_id) = found.staff_id.clone() else {
        return Ok(());
    };
    if !rules.routing.knows(route) || !line::is_kept(connection, route)? {
        return Ok(());
    }
    let line = Line {
        staff_id: &staff_id,
        route,
    };
    let owes = tail::is_applied_after_later(connection, line, seq)?;
    if tail::is_applied_before_earlier(connection, line, seq)? {
        let mut wanted = QueueState {
            staff_id: Some(staff_id.clone()),
            route: route.to_owned(),
            due_ms: None,
            attempts_in_round: 0,
            place: Place::InLine,
            tail: if owes {
                Tail::Inherited
            } else {
                Tail::AfterSuccess
            },
        };
        (wanted.place, wanted.due_ms) = line::entrance(connection, Some(line), seq, now)?;
        reopen(connection, id, found, None, &wanted, rules.policy, now)?;
    } else if owes {
        tail::follow(connection, line, seq, rules.policy, now)?;
        if line.front(connection)?.is_none() {
            line.go_on(connection, now)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
