//! Which routes keep the order of a person's events, and what a change of that makes of what waits.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::line::{self, Line, QueueState};
use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError};
use crate::clock::Moment;
use crate::order::{Place, Tail};

impl Store {
    /// From now on, these routes keep no order, and all others do (contract, section 5.1). Where that changes, what
    /// waits is arranged anew in the same transaction. What is under way at that moment is left alone.
    ///
    /// # Errors
    /// When the database cannot be written; then the routes do as before.
    pub async fn arrange(
        &self,
        without_order: BTreeSet<String>,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let now = self.time.now(moment);
        self.write(Lane::Calls, move |connection| {
            Ok(arrange(connection, &without_order, now)?)
        })
        .await
    }
}

pub(super) fn arrange(
    connection: &Connection,
    without_order: &BTreeSet<String>,
    now: Now,
) -> rusqlite::Result<()> {
    let until_now: BTreeSet<String> = connection
        .prepare_cached("SELECT route FROM routes_without_order")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for route in without_order.difference(&until_now) {
        connection
            .prepare_cached("INSERT INTO routes_without_order (route) VALUES (?1)")?
            .execute([route])?;
        disable(connection, route, now)?;
    }
    for route in until_now.difference(without_order) {
        connection
            .prepare_cached("DELETE FROM routes_without_order WHERE route = ?1")?
            .execute([route])?;
        enable(connection, route, now)?;
    }
    Ok(())
}

/// Nobody waits for anybody any more.
fn disable(connection: &Connection, route: &str, now: Now) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE outbox SET staff_id = NULL, place = ?2, tail = ?3, due_ms = coalesce(due_ms, ?4)
              WHERE route = ?1 AND staff_id IS NOT NULL",
        )?
        .execute((route, Place::Front, Tail::None, now.axis_ms))
        .map(|_| ())
}

/// Everybody stands in a line from now on. What was delivered meanwhile may be later than what waits.
fn enable(connection: &Connection, route: &str, now: Now) -> rusqlite::Result<()> {
    let waiting: Vec<(i64, QueueState, Option<u16>)> = connection
        .prepare_cached(
            "SELECT o.event_seq, e.staff_id, o.due_ms, o.attempts_in_round, l.http_status_code
               FROM outbox o CROSS JOIN events e ON e.seq = o.event_seq
               LEFT JOIN webhook_send_logs l ON l.id = e.id
              WHERE o.route = ?1 AND e.staff_id IS NOT NULL ORDER BY o.event_seq",
        )?
        .query_map([route], |row| {
            let queue_state = QueueState {
                staff_id: row.get(1)?,
                route: route.to_owned(),
                due_ms: row.get(2)?,
                attempts_in_round: row.get(3)?,
                place: Place::InLine,
                tail: Tail::AfterSuccess,
            };
            Ok((row.get(0)?, queue_state, row.get(4)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut persons = BTreeSet::new();
    for (seq, mut queue_state, http_status) in waiting {
        // A delivery waiting for a retry keeps its time; one already due waits for its predecessor.
        queue_state.due_ms = queue_state.due_ms.filter(|due_ms| *due_ms > now.axis_ms);
        if queue_state.due_ms.is_some() {
            queue_state.place = Place::after_failure(http_status);
        }
        line::put(connection, seq, &queue_state)?;
        persons.extend(queue_state.staff_id);
    }
    for staff_id in &persons {
        Line { staff_id, route }.go_on(connection, now)?;
    }
    Ok(())
}
