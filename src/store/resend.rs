//! Sending again, because a person says so: a new round with a fresh budget of retries.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;
use super::listing::{self, Filter};
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::timestamp::Timestamp;

/// Events that are opened again in one transaction; more would hold up accepting.
const EVENTS_AT_ONCE: usize = 200;

/// What a resend found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// No event has this id.
    Unknown,
    /// The event is due now, with a fresh budget.
    Opened,
    /// The event waits for its first attempt anyway.
    Waiting,
}

/// One step of a resend in bulk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Events that the filter matched in this step.
    pub matched: u64,
    /// Where the next step begins; none when this was the last one.
    pub next: Option<i64>,
}

/// Opens the delivery of the event with this id again. It takes the route that was decided when it
/// was accepted; when the configuration does not have that one any more, the one that it would
/// take today.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn one(
    connection: &Connection,
    id: &str,
    policy: &RetryPolicy,
    routing: &Routing,
    now: Timestamp,
) -> rusqlite::Result<Resend> {
    let found: Option<(i64, String, String, Option<u32>)> = connection
        .prepare_cached(
            "SELECT e.seq, e.route, e.event_type, l.retry_count
               FROM events e LEFT JOIN webhook_send_logs l ON l.id = e.id
              WHERE e.id = ?1",
        )?
        .query_row([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((seq, accepted_for, event_type, retries)) = found else {
        return Ok(Resend::Unknown);
    };
    let route = if routing.knows(&accepted_for) {
        accepted_for.as_str()
    } else {
        routing.route_of(&event_type)
    };
    let Some(retries) = retries else {
        connection
            .prepare_cached("UPDATE outbox SET route = ?2 WHERE event_seq = ?1")?
            .execute((seq, route))?;
        return Ok(Resend::Waiting);
    };
    connection
        .prepare_cached(
            "INSERT INTO outbox (event_seq, route, due_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (event_seq) DO UPDATE
                SET route = excluded.route, due_at = excluded.due_at, attempts_in_round = 0",
        )?
        .execute((seq, route, now))?;
    // The first attempt of the new round counts as a retry, and the round's retries follow it. A
    // retry that is under way at this moment stays marked as such.
    connection
        .prepare_cached(
            "INSERT INTO webhook_retry_queue (
                 id, original_log_id, event_type, payload, retry_attempt, max_retries,
                 next_retry_at, status, last_error, created_at, updated_at)
             SELECT id, id, event_type, data, ?2, ?3, ?4, 'pending', NULL, ?4, ?4
               FROM events WHERE seq = ?1
             ON CONFLICT (id) DO UPDATE
                SET retry_attempt = excluded.retry_attempt, max_retries = excluded.max_retries,
                    next_retry_at = excluded.next_retry_at, updated_at = excluded.updated_at,
                    status = iif(status = 'processing', status, 'pending')",
        )?
        .execute((seq, retries, retries + 1 + policy.max_retries(), now))?;
    Ok(Resend::Opened)
}

/// Opens the next events that `filter` matches; `before` is the step before this one's `next`.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn step(
    connection: &Connection,
    filter: &Filter,
    before: Option<i64>,
    policy: &RetryPolicy,
    routing: &Routing,
    now: Timestamp,
) -> Result<Step, StoreError> {
    let page = listing::list(connection, filter, before, EVENTS_AT_ONCE)?;
    for event in &page.items {
        one(connection, &event.id, policy, routing, now)?;
    }
    Ok(Step {
        matched: page.items.len() as u64,
        next: page.next,
    })
}

/// How many events `filter` matches.
///
/// # Errors
/// When the database cannot be read.
pub fn count(connection: &Connection, filter: &Filter) -> Result<u64, StoreError> {
    let mut matched = 0;
    let mut before = None;
    loop {
        let page = listing::list(connection, filter, before, EVENTS_AT_ONCE)?;
        matched += page.items.len() as u64;
        before = page.next;
        if before.is_none() {
            return Ok(matched);
        }
    }
}
