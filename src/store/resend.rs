//! Sending again, because a person says so: a new round with a fresh budget of retries.

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::event_lookup::one_more;
use super::event_query::{Source, matching};
use super::queue_row::queue_status;
use super::relay_time::Now;
use super::send_counts::{self, QueueStatus};
use super::writer::Lane;
use super::{Store, StoreError, audit, delivered_digests, dismissals, erase};
use crate::audit::{Action, Actor, Running, Subject};
use crate::clock::Moment;
use crate::event_record::EventFilter;
use crate::resend::{Candidate, Resend, ResendPage};
use crate::retry::RetryPolicy;
use crate::route::Routing;

/// Events of one page, which is opened again in one transaction; more would hold up accepting.
const EVENTS_AT_ONCE: usize = 200;

impl Store {
    /// Opens the delivery of the event with this id again: it is due now, with a fresh budget of retries. It
    /// takes the route that was decided when it was accepted; when the configuration does not have that one
    /// any more, the one that it would take today. One that was dismissed is not any more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn resend_event(
        &self,
        id: &str,
        policy: RetryPolicy,
        routing: Routing,
        by: Actor,
        moment: Moment,
    ) -> Result<Resend, StoreError> {
        let (id, now) = (id.to_owned(), self.time.now(moment));
        self.write(Lane::Calls, move |connection| {
            let found = resend(connection, &id, &policy, &routing, now)?;
            if !matches!(found, Resend::Unknown | Resend::Erased) {
                let entry = by.clone().did(Action::Resend, now.wall);
                let entry = entry.to(Subject::Named(id.clone()));
                audit::record(connection, &entry.counting(1))?;
            }
            Ok(found)
        })
        .await
    }

    /// The next events that `filter` matches and that were not dismissed, in the order of acceptance; `after` is the
    /// page before this one's `next`. Nothing is changed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn resend_candidates(
        &self,
        filter: &EventFilter,
        after: Option<Candidate>,
    ) -> Result<ResendPage, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| candidates(connection, &filter, after.as_ref(), EVENTS_AT_ONCE))
            .await
    }

    /// Opens the deliveries of these events again, as [`Store::resend_event`] does, but of none that was dismissed. It
    /// waits behind what somebody hands in and behind results. `running` is the action that it is a part of;
    /// answers how that goes on.
    ///
    /// # Errors
    /// When the database cannot be written; then none of them is opened.
    pub async fn resend_events(
        &self,
        ids: Vec<String>,
        policy: RetryPolicy,
        routing: Routing,
        running: Running,
        moment: Moment,
    ) -> Result<Running, StoreError> {
        let now = self.time.now(moment);
        if ids.is_empty() {
            return Ok(running);
        }
        self.write(Lane::Maintenance, move |connection| {
            for id in &ids {
                // One that was dismissed meanwhile stays so.
                if queue_status(connection, id)? != Some(QueueStatus::Dismissed) {
                    resend(connection, id, &policy, &routing, now)?;
                }
            }
            Ok(audit::go_on(connection, &running, ids.len() as u64)?)
        })
        .await
    }
}

pub(super) fn resend(
    connection: &Connection,
    id: &str,
    policy: &RetryPolicy,
    routing: &Routing,
    now: Now,
) -> rusqlite::Result<Resend> {
    type Found = (
        i64,
        String,
        String,
        Option<String>,
        Option<u32>,
        Option<String>,
    );
    let found: Option<Found> = connection
        .prepare_cached(
            "SELECT e.seq, e.route, e.event_type, e.staff_id, l.retry_count, l.route
               FROM events e LEFT JOIN webhook_send_logs l ON l.id = e.id
              WHERE e.id = ?1",
        )?
        .query_row([id], |row| row.try_into())
        .optional()?;
    let Some((seq, accepted_for, event_type, staff_id, retries, sent_on)) = found else {
        return Ok(Resend::Unknown);
    };
    if erase::is_erased(connection, seq)? {
        return Ok(Resend::Erased);
    }
    let route = if routing.knows(&accepted_for) {
        accepted_for.as_str()
    } else {
        routing.route_of(&event_type)
    };
    let (Some(retries), Some(sent_on)) = (retries, sent_on) else {
        // The due time changes even when it was due already: who puts the delivery off sees that a person wants it sent.
        connection
            .prepare_cached(
                "UPDATE outbox SET route = ?2, due_ms = min(due_ms - 1, ?3) WHERE event_seq = ?1",
            )?
            .execute((seq, route, now.axis_ms))?;
        return Ok(Resend::Waiting);
    };
    delivered_digests::forget(connection, id)?;
    connection
        .prepare_cached(
            "INSERT INTO outbox (event_seq, route, staff_id, due_ms)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (event_seq) DO UPDATE
                SET route = excluded.route, due_ms = excluded.due_ms, attempts_in_round = 0",
        )?
        .execute((seq, route, staff_id, now.axis_ms))?;
    // The first attempt of the new round counts as a retry, and the round's retries follow it. A
    // retry that is under way at this moment stays marked as such.
    let before = queue_status(connection, id)?;
    if before == Some(QueueStatus::Dismissed) {
        dismissals::withdraw(connection, seq)?;
    }
    let status = match before {
        Some(QueueStatus::Processing) => QueueStatus::Processing,
        _ => QueueStatus::Pending,
    };
    // Most have a row. Inserting first and updating on conflict would copy the payload for nothing.
    let sql = match before {
        Some(_) => {
            "UPDATE webhook_retry_queue
                SET retry_attempt = ?2, max_retries = ?3, next_retry_at = ?4, status = ?5,
                    updated_at = ?4
              WHERE id = ?1"
        }
        None => {
            "INSERT INTO webhook_retry_queue (
                 id, original_log_id, event_type, payload, retry_attempt, max_retries,
                 next_retry_at, status, last_error, created_at, updated_at)
             SELECT id, id, event_type, data, ?2, ?3, ?4, ?5, NULL, ?4, ?4
               FROM events WHERE id = ?1"
        }
    };
    connection.prepare_cached(sql)?.execute((
        id,
        retries,
        retries + 1 + policy.max_retries(),
        now.wall,
        status.as_str(),
    ))?;
    if before != Some(status) {
        if let Some(before) = before {
            send_counts::add_queued(connection, &sent_on, before, -1)?;
        }
        send_counts::add_queued(connection, &sent_on, status, 1)?;
    }
    Ok(match status {
        QueueStatus::Processing => Resend::UnderWay,
        _ => Resend::Opened,
    })
}

/// What is exhausted is found and ordered by its id in the queue's index, everything else by its place in the
/// order of acceptance: no page sorts what others have.
pub(super) fn candidates(
    connection: &Connection,
    filter: &EventFilter,
    after: Option<&Candidate>,
    limit: usize,
) -> Result<ResendPage, StoreError> {
    let mut query = matching(
        connection,
        filter,
        "e.seq, e.id, e.event_type, e.accepted_at",
    )?;
    if query.source != Source::Failed {
        query.exclude_dismissed();
    }
    query.exclude_erased();
    let order = query.source.order();
    if let Some(after) = after {
        let condition = format!("{order} > ?");
        if query.source == Source::Failed {
            query.narrow(&condition, after.id.clone());
        } else {
            query.narrow(&condition, after.seq);
        }
    }
    query.values.push(one_more(limit).into());
    let sql = format!("{} ORDER BY {order} LIMIT ?", query.sql);
    let mut events: Vec<Candidate> = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(query.values), |row| {
            Ok(Candidate {
                seq: row.get(0)?,
                id: row.get(1)?,
                event_type: row.get(2)?,
                accepted_at: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| more).cloned();
    Ok(ResendPage { events, next })
}
